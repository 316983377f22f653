extension BrokerKeys {
    static let identity: [ConfigurationKey] = [
        int("node.id", 1, .atLeast(0), about: "The broker's id, unique in its cluster."),
        int("broker.id", -1, about: "Old name of node.id, read when node.id is not set; -1: not set."),
        string("broker.rack", nil, about: "The rack or zone that the broker tells clients and placement about."),
        list(
            "process.roles", "broker", .someElements(["broker", "controller"]),
            about: "broker; the controller is part of it, so naming it too changes nothing."),
        list(
            "listeners", "PLAINTEXT://:9092",
            about: "Addresses to listen on: NAME://host:port, comma separated. Port 0 takes a free one."),
        list(
            "advertised.listeners", nil,
            about: "Addresses that clients are told to connect to; when not set, those of listeners."),
        string(
            "listener.security.protocol.map",
            "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
            about: "Which protocol each listener name speaks: NAME:PROTOCOL, comma separated."),
        list(
            "controller.listener.names", "",
            about: "Listener names that belong to Kafka's controllers; they are not opened."),
        list("log.dirs", nil, about: "Directories for data, comma separated; when not set, log.dir."),
        list("log.dir", "data", .notEmpty, about: "Directory for data, read when log.dirs is not set."),
        boolean(
            "martlet.log.dirs.accept.lost", false,
            about: "Whether to start without a data directory that this broker had: its partitions begin anew, empty."),
        int(
            "martlet.shards", nil, .between(1, 1024),
            about: "Threads that serve connections and partitions; when not set, one less than the cores."),
    ]
}
