extension BrokerKeys {
    static let network: [ConfigurationKey] = [
        int("socket.request.max.bytes", 104_857_600, .atLeast(1), about: "Largest request."),
        int("socket.receive.buffer.bytes", 102_400, about: "Size of a socket's receive buffer; -1: the system's."),
        int("socket.listen.backlog.size", 1024, .atLeast(1), about: "Connections that may wait to be accepted."),
        long("connections.max.idle.ms", 600_000, about: "Milliseconds after which an idle connection is closed."),
        int(
            "max.connections", 10_000, .atLeast(0), update: .clusterWide,
            about: "Connections at a time; fewer where the limit of open files leaves less to them."),
        int(
            "max.connections.per.ip", 1000, .atLeast(0), update: .clusterWide,
            about: "Connections at a time from one address; loopback addresses are exempt."),
        string(
            "max.connections.per.ip.overrides", "", update: .clusterWide,
            about: "Other limits for some addresses: address:count, comma separated."),
        int(
            "max.connection.creation.rate", 500, .atLeast(0), update: .clusterWide,
            about: "New connections in a second; loopback addresses are exempt."),
        int(
            "queued.max.requests", 500, .atLeast(1),
            about: "Requests that one shard holds unanswered before it stops reading."),
        long(
            "queued.max.request.bytes", -1,
            about: """
                Bytes that all connections may hold in memory together, of requests that are not whole or wait and of \
                answers that peers have not taken: beyond them reading stops; -1: 320 MiB.
                """),
        int(
            "martlet.connection.first.request.timeout.ms", 30_000,
            about: "Milliseconds after which a connection is closed that has sent no whole request; -1: never."),
        int(
            "martlet.connection.request.progress.timeout.ms", 30_000,
            about: """
                Milliseconds in which a request that has begun to arrive must be whole or have grown by 1 KiB, or its \
                connection is closed; -1: never.
                """),
        int(
            "fetch.max.bytes", 57_671_680, .atLeast(1024),
            about: "Largest answer to one fetch, however much the client asks for."),
        int("max.incremental.fetch.session.cache.slots", 1000, .atLeast(0), about: "Fetch sessions that are kept."),
        int(
            "max.request.partition.size.limit", 2000, .atLeast(1),
            about: "Partitions in one page of DescribeTopicPartitions."),
    ]
}
