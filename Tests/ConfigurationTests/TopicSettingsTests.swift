import Testing

@testable import Configuration

@Suite struct TopicSettingsTests {
    private func settings(_ set: [(String, String)] = []) throws -> BrokerSettings {
        var input = ConfigurationInput()
        input.arguments = set.map { ConfigurationInput.Argument(key: $0.0, value: $0.1) }
        return try BrokerSettings(input)
    }

    @Test func theTopicIsStrongestThenThisBrokerThenAllBrokersThenTheFile() throws {
        var places = TopicSettings(settings: try settings([("log.retention.hours", "1")]))
        #expect(places.effective(.retentionMs) == .init(text: "3600000", source: .staticBroker))
        places.cluster["log.retention.ms"] = "2"
        #expect(places.effective(.retentionMs) == .init(text: "2", source: .dynamicDefaultBroker))
        places.broker["log.retention.ms"] = "3"
        #expect(places.effective(.retentionMs) == .init(text: "3", source: .dynamicBroker))
        #expect(places.effective(.retentionMs, topic: ["retention.ms": "4"]) == .init(text: "4", source: .topic))
        #expect(places.effective(.segmentMs) == .init(text: "604800000", source: .defaultValue))
        #expect(places.defaults().retentionMilliseconds == 3)
    }

    @Test func overridesReachEveryField() throws {
        let overrides = [
            "cleanup.policy": "compact,delete", "compression.type": "zstd", "compression.gzip.level": "1",
            "compression.lz4.level": "2", "compression.zstd.level": "4", "delete.retention.ms": "5",
            "file.delete.delay.ms": "6", "flush.messages": "7", "flush.ms": "8",
            "follower.replication.throttled.replicas": "*", "index.interval.bytes": "9",
            "leader.replication.throttled.replicas": "0:1", "local.retention.bytes": "10", "local.retention.ms": "11",
            "max.compaction.lag.ms": "12", "max.message.bytes": "13", "message.timestamp.after.max.ms": "14",
            "message.timestamp.before.max.ms": "15", "message.timestamp.type": "LogAppendTime",
            "min.cleanable.dirty.ratio": "0.25", "min.compaction.lag.ms": "1", "min.insync.replicas": "2",
            "preallocate": "true", "remote.log.copy.disable": "true", "remote.log.delete.on.disable": "true",
            "remote.storage.enable": "true", "retention.bytes": "16", "retention.ms": "17",
            "segment.bytes": "1048577", "segment.index.bytes": "18", "segment.jitter.ms": "19", "segment.ms": "20",
            "unclean.leader.election.enable": "true",
        ]
        #expect(Set(overrides.keys) == Set(TopicKey.allCases.map(\.name)))
        for (name, text) in overrides {
            #expect(TopicConfiguration.standard.overridden(by: [name: text]) != .standard, "\(name)")
        }
        let topic = TopicConfiguration.standard.overridden(by: overrides)
        #expect(topic.cleanupPolicy == [.compact, .delete])
        #expect(topic.compressionType == .zstd)
        #expect(topic.messageTimestampType == .logAppendTime)
        #expect(topic.minCleanableDirtyRatio == 0.25)
        #expect(topic.retentionBytes == 16)
        #expect(topic.segmentMilliseconds == 20)
    }

    @Test func whatIsNotAllowedIsLeftOut() {
        let topic = TopicConfiguration.standard.overridden(by: ["retention.ms": "x", "no.such": "1"])
        #expect(topic == .standard)
    }

    @Test func checks() throws {
        let places = TopicSettings(settings: try settings())
        func refusal(_ overrides: [(String, String?)]) -> String? {
            do {
                try places.check(overrides.map { (name: $0.0, value: $0.1) })
                return nil
            } catch {
                return error.message
            }
        }
        #expect(refusal([("retention.ms", "1"), ("retention.ms", "2")]) == nil)
        #expect(refusal([("retention.ms", "x"), ("retention.ms", "2")]) == nil)
        #expect(refusal([("no.such.config", "1")]) == "Unknown topic config name: no.such.config")
        #expect(refusal([("retention.ms", "x"), ("a.b", "1")]) == "Unknown topic config name: a.b")
        #expect(
            refusal([("a.b", "1"), ("retention.ms", nil)])
                == "Null value not supported for topic configs: retention.ms")
        #expect(
            refusal([("segment.bytes", "1")])
                == "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576")
        #expect(
            refusal([("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")])
                == "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)")
        #expect(refusal([("remote.storage.enable", "true")])?.hasPrefix("Tiered Storage") == true)
    }
}
