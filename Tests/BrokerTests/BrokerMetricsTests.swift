import Broker
import Bytes
import Configuration
import Foundation
import KafkaProtocol
import KafkaProtocolMore
import Records
import Runtime
import Testing

/// What `/metrics` says of a broker in this process.
@Suite struct BrokerMetricsTests {
    /// A broker with its metrics on a free port.
    final class Served {
        let directory: TemporaryDirectory
        let server: BrokerServer
        let client: WireClient
        let http: UInt16

        init(_ settings: [String: String] = [:], in known: TemporaryDirectory? = nil) throws {
            directory = try known ?? TemporaryDirectory()
            var input = ConfigurationInput()
            let all = settings.merging([
                "listeners": "PLAINTEXT://127.0.0.1:0", "log.dirs": directory.path,
                "martlet.http.listeners": "127.0.0.1:0",
            ]) { _, own in own }
            input.arguments = all.map { .init(key: $0.key, value: $0.value) }
            server = try BrokerServer.start(BrokerConfiguration(input))
            client = try WireClient(port: try #require(server.endpoints.first).port)
            http = try #require(server.httpEndpoints.first).port
        }

        func samples() throws -> [String: Double] {
            let answer = try HTTPAnswer(port: http, "/metrics")
            #expect(answer.status == 200)
            return answer.samples
        }

        deinit { server.stop() }
    }

    /// More than two segments with few keys.
    private func fillCompacted(_ client: WireClient) throws {
        try client.createTopic(
            "t",
            settings: ["cleanup.policy": "compact", "segment.bytes": "1048576", "min.cleanable.dirty.ratio": "0.01"])
        for number in 0..<24 {
            var builder = BatchBuilder()
            let isTaken = builder.append(
                timestamp: 1_790_000_000_000, key: Array("k\(number % 3)".utf8),
                value: [UInt8](repeating: 7, count: 100_000))
            #expect(isTaken)
            try client.sendProduce(builder.finish().all.bytes, to: "t", partition: 0)
            #expect(try client.receiveProduced().error == .none)
        }
    }

    /// The same, and a stop before any of it is compacted.
    private func fillCompactedLater(in directory: TemporaryDirectory) throws {
        let broker = try Served(["log.cleaner.enable": "false"], in: directory)
        try fillCompacted(broker.client)
        withExtendedLifetime(broker) {}
    }

    /// All of it is compacted in one pass, of which the totals are then.
    @Test func compactionIsCounted() throws {
        let directory = try TemporaryDirectory()
        try fillCompactedLater(in: directory)
        let broker = try Served(["log.cleaner.backoff.ms": "20"], in: directory)
        var samples = try broker.samples()
        while samples["martlet_compaction_passes_total"] == 0 { samples = try broker.samples() }
        let (read, written) = (
            try #require(samples["martlet_compaction_read_bytes_total"]),
            try #require(samples["martlet_compaction_written_bytes_total"])
        )
        #expect(read > 1_000_000)
        #expect(written < read)
        #expect(samples["kafka_log_logcleaner_cleaner_recopy_percent"] == (written / read * 100).rounded(.down))
        #expect(samples["kafka_log_logcleaner_max_clean_time_secs"] != nil)
        #expect(samples["kafka_log_logcleaner_max_buffer_utilization_percent"] == 0)
        #expect(samples["kafka_log_logcleanermanager_max_dirty_percent"] != nil)
        #expect(try #require(samples["kafka_log_logcleanermanager_time_since_last_run_ms"]) >= 0)
        let label = "{logDirectory=\"\(directory.path)\"}"
        #expect(samples["kafka_log_logcleanermanager_uncleanable_partitions_count\(label)"] == 0)
    }

    @Test func whatCannotBeCompactedIsCounted() throws {
        let directory = try TemporaryDirectory()
        try fillCompactedLater(in: directory)
        let file = try FileHandle(forUpdating: URL(filePath: "\(directory.path)/t-0/00000000000000000000.log"))
        try file.seek(toOffset: 50_000)
        try file.write(contentsOf: [0])
        try file.close()
        let broker = try Served(["log.cleaner.backoff.ms": "20"], in: directory)
        let name = "kafka_log_logcleanermanager_uncleanable_"
        let label = "{logDirectory=\"\(directory.path)\"}"
        var samples = try broker.samples()
        while samples["\(name)partitions_count\(label)"] == 0 { samples = try broker.samples() }
        #expect(samples["\(name)partitions_count\(label)"] == 1)
        #expect(try #require(samples["\(name)bytes\(label)"]) > 2_000_000)
    }

    @Test(arguments: [1, 3]) func trafficIsCountedExactly(shards: Int) throws {
        let broker = try Served(["martlet.shards": "\(shards)"])
        try broker.client.createTopic("a", partitions: 4)
        try broker.client.createTopic("b")
        var bytes = 0
        for number in 0..<40 {
            bytes += try broker.client.produce(Array("x".utf8), to: "a", partition: Int32(number % 4)).batchSize
        }
        for _ in 0..<3 { _ = try broker.client.produce(Array("y".utf8), to: "b") }
        var fetched = 0
        for partition in Int32(0)..<4 {
            fetched += try broker.client.fetch("a", partition: partition, from: 0).records.count
        }
        #expect(fetched == bytes)
        #expect(try broker.client.fetch("a", partition: 9, from: 0).error == .unknownTopicOrPartition)

        let samples = try broker.samples()
        let topics = "kafka_server_brokertopicmetrics_"
        #expect(samples["\(topics)messagesin_total{topic=\"a\"}"] == 40)
        #expect(samples["\(topics)messagesin_total{topic=\"b\"}"] == 3)
        #expect(samples["\(topics)messagesin_total"] == 43)
        #expect(samples["\(topics)bytesin_total{topic=\"a\"}"] == Double(bytes))
        #expect(samples["\(topics)bytesout_total{topic=\"a\"}"] == Double(bytes))
        #expect(samples["\(topics)totalproducerequests_total{topic=\"a\"}"] == 40)
        #expect(samples["\(topics)totalfetchrequests_total{topic=\"a\"}"] == 5)
        #expect(samples["\(topics)failedfetchrequests_total"] == 0)
        let requests = "kafka_network_requestmetrics_"
        #expect(samples["\(requests)requests_total{request=\"Produce\",version=\"7\"}"] == 43)
        #expect(samples["\(requests)errors_total{request=\"Produce\",error=\"NONE\"}"] == 43)
        #expect(samples["\(requests)requests_total{request=\"FetchConsumer\",version=\"4\"}"] == 5)
        #expect(samples["\(requests)errors_total{request=\"Fetch\",error=\"UNKNOWN_TOPIC_OR_PARTITION\"}"] == 1)
        #expect(samples["\(requests)errors_total{request=\"CreateTopics\",error=\"NONE\"}"] == 2)
        #expect(samples["\(requests)totaltimems_count{request=\"Produce\"}"] == 43)
        #expect(try #require(samples["\(requests)totaltimems{request=\"Produce\",quantile=\"0.99\"}"]) > 0)
        #expect(samples["martlet_request_duration_seconds_bucket{request=\"Produce\",le=\"+Inf\"}"] == 43)
        #expect(samples["kafka_log_log_logendoffset{topic=\"a\",partition=\"3\"}"] == 10)
        #expect(samples["kafka_log_log_logstartoffset{topic=\"a\",partition=\"3\"}"] == 0)
        let sizes = (0..<4).map { samples["kafka_log_log_size{topic=\"a\",partition=\"\($0)\"}"] ?? 0 }
        #expect(sizes.reduce(0, +) == Double(bytes))
        #expect(samples["kafka_server_replicamanager_leadercount"] == 5)
        #expect(samples["kafka_controller_kafkacontroller_globaltopiccount"] == 2)
        #expect(samples["kafka_server_kafkaserver_brokerstate"] == 3)
        #expect(try #require(samples["martlet_disk_writes_total"]) >= 1)
        #expect(try #require(samples["kafka_log_logflushstats_logflushrateandtimems_count"]) >= 1)
        let connections = samples.filter { $0.key.hasPrefix("kafka_server_socket_server_metrics_connection_count{") }
        #expect(connections.values.reduce(0, +) == 1)
    }

    @Test func rejectedBatchesAreCounted() throws {
        let broker = try Served()
        try broker.client.createTopic("small", settings: ["max.message.bytes": "200"])
        let answer = try broker.client.produce([UInt8](repeating: 0, count: 500), to: "small")
        #expect(answer.error == .messageTooLarge)
        let samples = try broker.samples()
        let topics = "kafka_server_brokertopicmetrics_"
        #expect(samples["\(topics)bytesrejected_total{topic=\"small\"}"] == Double(answer.batchSize))
        #expect(samples["\(topics)messagesin_total{topic=\"small\"}"] == 0)
        #expect(
            samples["kafka_network_requestmetrics_errors_total{request=\"Produce\",error=\"MESSAGE_TOO_LARGE\"}"] == 1)
    }

    @Test(arguments: [1, 3]) func seriesAreBoundedAndNoCounterGoesBack(shards: Int) throws {
        let broker = try Served([
            "martlet.shards": "\(shards)", "martlet.metrics.topics": "2", "martlet.metrics.partitions": "3",
        ])
        for name in ["a", "b", "c", "d"] {
            try broker.client.createTopic(name, partitions: 2)
            for partition in Int32(0)..<2 { _ = try broker.client.produce([1], to: name, partition: partition) }
        }
        func topics(_ samples: [String: Double]) -> [String: Double] {
            let family = "kafka_server_brokertopicmetrics_messagesin_total"
            return samples.filter { $0.key.hasPrefix(family) }
        }
        let before = try broker.samples()
        let family = "kafka_server_brokertopicmetrics_messagesin_total"
        #expect(
            topics(before) == [
                family: 8, "\(family){topic=\"a\"}": 2, "\(family){topic=\"b\"}": 2, "\(family){topic=\"(other)\"}": 4,
            ])
        let offsets = before.keys.filter { $0.hasPrefix("kafka_log_log_logendoffset") }.sorted()
        #expect(
            offsets == [
                "kafka_log_log_logendoffset{topic=\"a\",partition=\"0\"}",
                "kafka_log_log_logendoffset{topic=\"a\",partition=\"1\"}",
                "kafka_log_log_logendoffset{topic=\"b\",partition=\"0\"}",
            ])
        #expect(before["kafka_log_log_numlogsegments{topic=\"(other)\",partition=\"\"}"] == 5)
        #expect(before["martlet_partitions_without_series"] == 5)

        var delete = DeleteTopicsRequest()
        delete.topicNames = ["a", "c"]
        _ = try broker.client.ask(delete, version: 4)
        try broker.client.createTopic("e")
        _ = try broker.client.produce([1], to: "e")
        #expect(
            topics(try broker.samples()) == [
                family: 9, "\(family){topic=\"b\"}": 2, "\(family){topic=\"e\"}": 1, "\(family){topic=\"(other)\"}": 4,
            ])
    }

    @Test(arguments: [1, 3]) func quotasAndPausesAreShown(shards: Int) throws {
        let broker = try Served(["martlet.shards": "\(shards)", "quota.window.num": "2"])
        try broker.client.createTopic("t")
        let before = try broker.samples()
        #expect(before["martlet_build_info{version=\"unknown\",commit=\"\"}"] == 1)
        #expect(before.keys.allSatisfy { !$0.hasPrefix("kafka_server_produce") })
        try broker.client.setQuota(["client-id": "test"], "producer_byte_rate", 1_000)
        let produced = try broker.client.produce([UInt8](repeating: 1, count: 1_100), to: "t")
        try broker.client.setQuota(["user": nil], "controller_mutation_rate", 0.000_1)
        for name in ["a", "b"] {
            try broker.client.sendCreateTopic(name, partitions: 1)
            _ = try broker.client.receiveCreatedTopic()
        }

        let samples = try broker.samples()
        let whose = "{user=\"\",client_id=\"test\"}"
        let rate = try #require(samples["kafka_server_produce_byte_rate\(whose)"])
        #expect(rate > 0 && rate <= Double(produced.batchSize + 100))
        #expect(try #require(samples["kafka_server_produce_throttle_time\(whose)"]) > 0)
        let user = "{user=\"ANONYMOUS\",client_id=\"\"}"
        #expect(try #require(samples["kafka_server_controllermutation_throttle_time\(user)"]) > 1_000)
        #expect(samples["martlet_quota_measures{quota=\"producer_byte_rate\"}"] == 1)
        #expect(samples["martlet_quota_measures{quota=\"consumer_byte_rate\"}"] == 0)
        let throttle = "kafka_network_requestmetrics_throttletimems"
        #expect(samples["\(throttle)_count{request=\"Produce\"}"] == 1)
        #expect(try #require(samples["\(throttle)_sum{request=\"Produce\"}"]) >= 100)
        #expect(samples["\(throttle)_sum{request=\"Metadata\"}"] ?? 0 == 0)
        #expect(try #require(samples["\(throttle){request=\"CreateTopics\",quantile=\"0.99\"}"]) > 1_000)
    }

    @Test(arguments: [1, 3]) func groupsAreMeasuredAsFarAsThereIsRoom(shards: Int) throws {
        let broker = try Served(["martlet.shards": "\(shards)", "martlet.metrics.partitions": "60"])
        try broker.client.createTopic("t", partitions: 2)
        for _ in 0..<3 { _ = try broker.client.produce([1], to: "t") }
        try broker.client.findCoordinator(of: "g")
        #expect(try broker.client.commit(1, of: "t", in: "g") == .none)
        #expect(try broker.client.commit(0, of: "t", partition: 1, in: "g") == .none)
        try broker.client.findCoordinator(of: "member")
        let joined = try broker.client.join("member")
        let samples = try broker.samples()
        let family = "kafka_consumergroup"
        #expect(samples["\(family)_lag{consumergroup=\"g\",topic=\"t\",partition=\"0\"}"] == 2)
        #expect(samples["\(family)_lag{consumergroup=\"g\",topic=\"t\",partition=\"1\"}"] == 0)
        #expect(samples["\(family)_current_offset{consumergroup=\"g\",topic=\"t\",partition=\"0\"}"] == 1)
        #expect(samples["\(family)_lag_sum{consumergroup=\"g\",topic=\"t\"}"] == 2)
        #expect(samples["\(family)_current_offset_sum{consumergroup=\"g\",topic=\"t\"}"] == 1)
        #expect(samples["\(family)_members{consumergroup=\"g\"}"] == 0)
        #expect(joined.errorCode == 0 && samples["\(family)_members{consumergroup=\"member\"}"] == 1)
        let manager = "kafka_coordinator_group_groupmetadatamanager"
        #expect(samples["\(manager)_numoffsets"] == 2 && samples["\(manager)_numgroups"] == 2)
        #expect(samples["\(manager)_numgroupsempty"] == 1)
        #expect(samples["kafka_server_group_coordinator_metrics_group_count{protocol=\"classic\"}"] == 2)
        #expect(samples["kafka_server_group_coordinator_metrics_group_count{protocol=\"consumer\"}"] == 0)
        #expect(samples["martlet_groups_without_series"] == 0)
    }

    @Test(arguments: [1, 3]) func theLagIsToldInSeconds(shards: Int) throws {
        // Partition 1 has no series of its own, and counts all the same.
        let broker = try Served(["martlet.shards": "\(shards)", "martlet.metrics.partitions": "\(shards * 4)"])
        try broker.client.createTopic("t", partitions: 2, settings: ["message.timestamp.type": "CreateTime"])
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        for partition in [0, 1] as [Int32] {
            for minutes in [60, 30] as [Int64] {
                var builder = BatchBuilder()
                for step in [0, 5] as [Int64] {
                    let isTaken = builder.append(timestamp: now - (minutes - step) * 60_000, key: nil, value: [7])
                    #expect(isTaken)
                }
                try broker.client.sendProduce(builder.finish().all.bytes, to: "t", partition: partition)
                #expect(try broker.client.receiveProduced().error == .none)
            }
        }
        for group in ["g", "other"] {
            try broker.client.findCoordinator(of: group)
            for partition in [0, 1] as [Int32] {
                #expect(try broker.client.commit(1, of: "t", partition: partition, in: group) == .none)
            }
        }
        func minutes(_ group: String, _ partition: Int) throws -> Double? {
            let labels = "consumergroup=\"\(group)\",topic=\"t\",partition=\"\(partition)\""
            return try broker.samples()["kafka_consumergroup_lag_seconds{\(labels)}"].map { ($0 / 60).rounded(.down) }
        }
        for group in ["g", "other"] {
            for partition in [0, 1] { #expect(try minutes(group, partition) == 55) }
        }
        try broker.client.findCoordinator(of: "g")
        for (offset, expected) in [(2, 30), (0, 60), (3, 25), (4, 0), (99, 0)] as [(Int64, Double)] {
            #expect(try broker.client.commit(offset, of: "t", in: "g") == .none)
            #expect(try minutes("g", 0) == expected, "offset \(offset)")
        }
        #expect(try minutes("g", 1) == 55 && minutes("other", 0) == 55)
        // The records that it waited for are gone: it waits for those that are left.
        #expect(try broker.client.deleteRecords(before: 3, of: "t") == ErrorCode.none)
        #expect(try minutes("other", 0) == 25)
    }

    @Test func groupsBeyondTheLimitHaveNoSeries() throws {
        let broker = try Served(["martlet.metrics.groups": "1", "martlet.shards": "1"])
        try broker.client.createTopic("t", partitions: 2)
        for group in ["a", "b", "c"] {
            try broker.client.findCoordinator(of: group)
            #expect(try broker.client.commit(0, of: "t", in: group) == .none)
        }
        func shown(_ samples: [String: Double]) -> [String] {
            samples.keys.filter { $0.hasPrefix("kafka_consumergroup_lag{") }
        }
        let samples = try broker.samples()
        #expect(shown(samples).count == 1 && samples["martlet_groups_without_series"] == 2)
        #expect(samples["kafka_coordinator_group_groupmetadatamanager_numgroups"] == 3)
        // A group keeps its place as long as it is there.
        #expect(shown(try broker.samples()) == shown(samples))
    }

    @Test func everyQueryOfTheDashboardAndTheAlertsNamesWhatIsServed() throws {
        let broker = try Served()
        try broker.client.createTopic("t")
        _ = try broker.client.produce([1], to: "t")
        _ = try broker.client.fetch("t", from: 0)
        try broker.client.findCoordinator(of: "g")
        #expect(try broker.client.commit(1, of: "t", in: "g") == .none)
        // Shares of time need something to compare with.
        _ = try broker.samples()
        let names = try HTTPAnswer(port: broker.http, "/metrics").names
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let files = ["docs/grafana/martlet.json", "docs/prometheus/alerts.yml"]
        let text = try files.map { try String(contentsOf: root.appending(path: $0), encoding: .utf8) }.joined()
        let queried = Set(text.matches(of: /\b(?:kafka|martlet|process)_[a-z0-9_]+/).map { String($0.output) })
        #expect(queried.count > 20)
        #expect(queried.subtracting(names) == [])
    }
}
