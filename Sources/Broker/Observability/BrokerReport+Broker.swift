import DiskScheduler
import Metrics
import Runtime

extension BrokerReport {
    /// The broker's state, its sockets, fetch sessions, waiting requests and flushes under Kafka's names.
    func writeBroker(to writer: inout ExpositionWriter) {
        writer.begin("kafka_server_kafkaserver_brokerstate", .gauge, "1 starting, 2 recovering, 3 running, 7 stopping.")
        writer.sample(phase.kafkaState)
        writeSockets(to: &writer)
        writer.begin("kafka_server_fetchsessioncache_numincrementalfetchsessions", .gauge, "Fetch sessions.")
        writer.sample(sum(\.fetchSessions))
        writer.begin(
            "kafka_server_fetchsessioncache_numincrementalfetchpartitionscached", .gauge,
            "Partitions of all fetch sessions.")
        writer.sample(sum(\.fetchSessionPartitions))
        writer.begin(
            "kafka_server_fetchsessioncache_incrementalfetchsessionevictions_total", .counter,
            "Fetch sessions that made room for others.")
        writer.sample(sum(\.fetchSessionEvictions))
        writer.begin(
            "kafka_server_delayedoperationpurgatory_purgatorysize", .gauge,
            "Requests that wait for something to happen.")
        writer.sample(sum(\.pendingProduces), [Dimension("delayedOperation", "Produce")])
        writer.sample(sum(\.parkedFetches), [Dimension("delayedOperation", "Fetch")])
        writeLogs(to: &writer)
        if let idle = recent.idleShare {
            // One thread does what Kafka's network and request threads do.
            writer.begin(
                "kafka_network_socketserver_networkprocessoravgidle_percent", .gauge,
                "Share of the last minutes that the shards were idle, from 0 to 1.")
            writer.sample(idle)
            writer.begin(
                "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent", .gauge,
                "Share of the last minutes that the shards were idle, from 0 to 1.")
            writer.sample(idle)
        }
    }

    private func writeSockets(to writer: inout ExpositionWriter) {
        var byListener: [String: [Int]] = [:]
        for (index, shard) in shards.enumerated() {
            for (listener, count) in shard.connections {
                byListener[listener, default: shards.map { _ in 0 }][index] += count
            }
        }
        let name = "kafka_server_socket_server_metrics_"
        writer.begin("\(name)connection_count", .gauge, "Open connections by listener and shard.")
        for (listener, counts) in byListener.sorted(by: { $0.key < $1.key }) {
            for (index, count) in counts.enumerated() {
                writer.sample(count, [Dimension("listener", listener), Dimension("networkProcessor", String(index))])
            }
        }
        let counters: [(String, String, KeyPath<ShardStatistics, Int>)] = [
            ("connection_creation", "Connections taken.", \.connectionsOpened),
            ("connection_close", "Connections closed.", \.connectionsClosed),
            ("incoming_byte", "Bytes received.", \.bytesReceived),
            ("outgoing_byte", "Bytes sent.", \.bytesSent),
            ("request", "Requests received.", \.framesReceived),
        ]
        for (suffix, help, count) in counters {
            writer.begin("\(name)\(suffix)_total", .counter, help)
            writer.sample(sum { $0.loop[keyPath: count] })
        }
    }

    private func writeLogs(to writer: inout ExpositionWriter) {
        let failed = shards.reduce(into: Set<Int>()) { $0.formUnion($1.failedDirectories) }
        writer.begin("kafka_log_logmanager_offlinelogdirectorycount", .gauge, "Log directories that take no writes.")
        writer.sample(failed.count)
        writer.begin(
            "kafka_log_logflushstats_logflushrateandtimems", .summary, "Milliseconds of the sync rounds on the disk.")
        BrokerReport.writeSummary(syncTimes, recent: recent.syncs, [], to: &writer)
    }

    var syncTimes: LatencyHistogram {
        shards.reduce(into: LatencyHistogram()) { $0.merge($1.disk.syncTimes) }
    }
}
