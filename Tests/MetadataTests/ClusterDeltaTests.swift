import Bytes
import Testing

@testable import Metadata

@Suite struct ClusterDeltaTests {
    private let first = UUID(high: 1, low: 1)
    private let second = UUID(high: 2, low: 2)

    private func state(leader: Int32 = 1) -> PartitionState {
        PartitionState(replicas: [1, 2], directories: [.zero, .zero], inSyncReplicas: [1, 2], leader: leader)
    }

    private func topic(_ name: String, _ id: UUID, leaders: [Int32]) -> [MetadataRecord] {
        [.topic(TopicRecord(name: name, id: id))]
            + leaders.enumerated().map { index, leader in
                .partition(PartitionRecord(topicId: id, partition: Int32(index), state: state(leader: leader)))
            }
    }

    private func delta(_ records: [MetadataRecord], over base: ClusterImage = .empty) throws -> ClusterDelta {
        var delta = ClusterDelta(base: base)
        try delta.replay(
            MetadataBatch(
                firstOffset: base.position.offset + 1, controllerEpoch: 1, time: 0, records: records))
        return delta
    }

    private func registration(_ id: Int32, epoch: Int64) -> MetadataRecord {
        .brokerRegistration(
            BrokerRegistrationRecord(
                brokerId: id, brokerEpoch: epoch, incarnationId: UUID(high: 9, low: 9), endpoints: [], rack: nil,
                features: [], logDirectories: [], isFenced: true))
    }

    @Test func topicsAreFoundByNameAndId() throws {
        let delta = try delta(topic("a", first, leaders: [1, 2, 1]) + topic("b", second, leaders: [2]))
        let topics = delta.image.topics
        #expect(topics.count == 2)
        #expect(topics.partitionCount == 4)
        #expect(topics["a"]?.id == first)
        #expect(topics[first]?.partitions.map(\.leader) == [1, 2, 1])
        #expect(topics["c"] == nil)
        #expect(delta.changedTopics == [first, second])
        #expect(delta.image.position == MetadataPosition(offset: 5, controllerEpoch: 1))
        #expect(delta.base == .empty)
    }

    @Test func aRemovedTopicTakesItsSettingsAlong() throws {
        let setting = ConfigurationRecord(resource: .topic("a"), key: "retention.ms", value: "1")
        let base = try delta(topic("a", first, leaders: [1]) + [.configuration(setting)]).image
        #expect(base.configuration(of: .topic("a")) == ["retention.ms": "1"])
        let removal = try delta([.topicRemoval(TopicRemovalRecord(topicId: first))], over: base)
        #expect(removal.removedTopics == [first: "a"])
        #expect(removal.changedTopics.isEmpty)
        #expect(removal.changedConfigurations == [.topic("a")])
        #expect(removal.image.topics.count == 0)
        #expect(removal.image.topics.partitionCount == 0)
        #expect(removal.image.topics["a"] == nil)
        #expect(removal.image.configuration(of: .topic("a")).isEmpty)
        #expect(base.topics["a"] != nil)
    }

    @Test func aTopicCreatedAndRemovedLeavesNoTrace() throws {
        let delta = try delta(
            topic("a", first, leaders: [1]) + [.topicRemoval(TopicRemovalRecord(topicId: first))]
                + topic("a", second, leaders: [1]))
        #expect(delta.removedTopics.isEmpty)
        #expect(delta.changedTopics == [second])
        #expect(delta.image.topics["a"]?.id == second)
    }

    @Test func quotasAreKeptByEntityAndComeBackFromASnapshot() throws {
        func quota(_ name: Name?, _ key: String, _ value: Double?) -> MetadataRecord {
            let entity = ClientQuotaEntity([.init(kind: .user, name: "u"), .init(kind: .clientId, name: name)])
            return .clientQuota(ClientQuotaRecord(entity: entity, key: key, value: value))
        }
        let entity = ClientQuotaEntity([.init(kind: .clientId, name: nil), .init(kind: .user, name: "u")])
        let set = try delta([
            quota(nil, "producer_byte_rate", 5), quota(nil, "consumer_byte_rate", 6),
            quota("c", "request_percentage", 7),
        ])
        #expect(set.clientQuotasChanged)
        #expect(set.image.quotas(of: entity) == ["producer_byte_rate": 5, "consumer_byte_rate": 6])
        let again = try ClusterDelta(base: .empty, snapshot: MetadataSnapshot(set.image))
        #expect(again.image == set.image)
        #expect(again.clientQuotasChanged)
        let removed = try delta(
            [quota(nil, "producer_byte_rate", nil), quota(nil, "consumer_byte_rate", nil)], over: set.image)
        #expect(removed.image.quotas(of: entity).isEmpty)
        #expect(removed.image.allClientQuotas.map(\.values) == [["request_percentage": 7]])
    }

    @Test func aStartRaisesTheEpochsOfLedPartitionsOnly() throws {
        let base = try delta(
            topic("a", first, leaders: [1, 2, 1]) + topic("b", second, leaders: [2])
        ).image
        let delta = try delta([.leaderEpochRise(LeaderEpochRiseRecord(brokerId: 1))], over: base)
        #expect(delta.image.topics["a"]?.partitions.map(\.leaderEpoch) == [1, 0, 1])
        #expect(delta.image.topics["a"]?.partitions.map(\.partitionEpoch) == [1, 0, 1])
        #expect(delta.image.topics["b"]?.partitions.map(\.leaderEpoch) == [0])
        #expect(delta.changedTopics == [first])
    }

    @Test func brokersAreFencedInTheirEpochOnly() throws {
        let base = try delta([registration(1, epoch: 5)]).image
        #expect(base.brokers[1]?.isFenced == true)
        let unfencing = BrokerFencingRecord(brokerId: 1, brokerEpoch: 5, isFenced: false)
        let delta = try delta([.brokerFencing(unfencing)], over: base)
        #expect(delta.image.brokers[1]?.isFenced == false)
        #expect(delta.changedBrokers == [1])
        let late = BrokerFencingRecord(brokerId: 1, brokerEpoch: 4, isFenced: true)
        #expect(throws: MetadataReplayError(offset: 2, reason: .unknownBroker(1))) {
            try self.delta([.brokerFencing(late)], over: delta.image)
        }
        let leaving = BrokerUnregistrationRecord(brokerId: 1, brokerEpoch: 5)
        #expect(try self.delta([.brokerUnregistration(leaving)], over: delta.image).image.brokers.isEmpty)
    }

    @Test func settingsFeaturesAndProducerIds() throws {
        let base = try delta([
            .configuration(ConfigurationRecord(resource: .broker(1), key: "a", value: "1")),
            .configuration(ConfigurationRecord(resource: .broker(1), key: "b", value: "2")),
            .featureLevel(FeatureLevelRecord(name: "f", level: 3)),
            .producerIds(ProducerIdsRecord(brokerId: 1, brokerEpoch: 1, nextId: 1000)),
        ]).image
        #expect(base.configuration(of: .broker(1)) == ["a": "1", "b": "2"])
        #expect(base.features == ["f": 3])
        #expect(base.nextProducerId == 1000)
        let delta = try delta(
            [
                .configuration(ConfigurationRecord(resource: .broker(1), key: "a", value: nil)),
                .featureLevel(FeatureLevelRecord(name: "f", level: 0)),
            ], over: base)
        #expect(delta.image.configuration(of: .broker(1)) == ["b": "2"])
        #expect(delta.image.features.isEmpty)
        #expect(delta.featuresChanged)
    }

    @Test func recordsThatDoNotFitAreRefused() throws {
        let base = try delta(topic("a", first, leaders: [1])).image
        func reason(_ records: [MetadataRecord]) -> MetadataReplayError.Reason? {
            do {
                _ = try delta(records, over: base)
                return nil
            } catch {
                return (error as? MetadataReplayError)?.reason
            }
        }
        #expect(reason([.topic(TopicRecord(name: "a", id: second))]) == .topicExists("a"))
        #expect(reason([.topic(TopicRecord(name: "b", id: first))]) == .topicExists("b"))
        #expect(reason([.topicRemoval(TopicRemovalRecord(topicId: second))]) == .unknownTopic(second))
        for partition: Int32 in [2, -1, .max] {
            let record = PartitionRecord(topicId: first, partition: partition, state: state())
            #expect(reason([.partition(record)]) == .partitionOutOfOrder(topic: "a", partition: partition))
        }
        let stray = PartitionRecord(topicId: second, partition: 0, state: state())
        #expect(reason([.partition(stray)]) == .unknownTopic(second))
        var gap = ClusterDelta(base: base)
        #expect(throws: MetadataReplayError(offset: 3, reason: .gap(expected: 2))) {
            try gap.replay(MetadataBatch(firstOffset: 3, controllerEpoch: 1, time: 0, records: []))
        }
    }

    @Test func namesThatLookAlikeAreFound() throws {
        let image = try delta(topic("a.b_c", first, leaders: [1]) + topic("plain", second, leaders: [1])).image
        #expect(image.topics.lookalike(of: "a_b.c") == "a.b_c")
        #expect(image.topics.lookalike(of: "a.b_c") == nil)
        #expect(image.topics.lookalike(of: "a.b.d") == nil)
        #expect(image.topics.lookalike(of: "plain") == nil)
        let removed = try delta([.topicRemoval(TopicRemovalRecord(topicId: first))], over: image).image
        #expect(removed.topics.lookalike(of: "a_b.c") == nil)
    }
}

@Suite struct SnapshotTests {
    private func image() throws -> ClusterImage {
        var records = MetadataRecordTests.samples.filter { record in
            switch record {
            case .brokerUnregistration, .topicRemoval, .partition: false
            default: true
            }
        }
        for number in 0..<200 {
            let id = UUID(high: 100, low: UInt64(number))
            records.append(.topic(TopicRecord(name: "topic-\(number)", id: id)))
            for partition in 0..<Int32(number % 4 + 1) {
                let state = PartitionState(
                    replicas: [1], directories: [.zero], inSyncReplicas: [1], leader: 1, leaderEpoch: partition)
                records.append(.partition(PartitionRecord(topicId: id, partition: partition, state: state)))
            }
        }
        var delta = ClusterDelta(base: .empty)
        try delta.replay(MetadataBatch(firstOffset: 0, controllerEpoch: 3, time: 0, records: records))
        return delta.image
    }

    @Test func aSnapshotMakesTheSameImage() throws {
        let image = try image()
        let delta = try ClusterDelta(base: .empty, snapshot: MetadataSnapshot(image))
        #expect(delta.image == image)
        #expect(delta.changedTopics.count == image.topics.count)
        #expect(delta.image.snapshotRecords() == image.snapshotRecords())
    }

    @Test func aSnapshotOverAnImageTellsWhatChanged() throws {
        let image = try image()
        var later = ClusterDelta(base: image)
        let gone = try #require(image.topics["topic-7"])
        let changed = try #require(image.topics["topic-8"])
        var state = changed.partitions[0]
        state.leader = -1
        let added = UUID(high: 7, low: 7)
        try later.replay(
            MetadataBatch(
                firstOffset: image.position.offset + 1, controllerEpoch: 3, time: 0,
                records: [
                    .topicRemoval(TopicRemovalRecord(topicId: gone.id)),
                    .partition(PartitionRecord(topicId: changed.id, partition: 0, state: state)),
                    .topic(TopicRecord(name: "new", id: added)),
                    .configuration(ConfigurationRecord(resource: .topic("t"), key: "retention.ms", value: nil)),
                    .brokerFencing(BrokerFencingRecord(brokerId: 1, brokerEpoch: 7, isFenced: false)),
                ]))
        let delta = try ClusterDelta(base: image, snapshot: MetadataSnapshot(later.image))
        #expect(delta.image == later.image)
        #expect(delta.removedTopics == [gone.id: "topic-7"])
        #expect(delta.changedTopics == [changed.id, added])
        #expect(delta.changedConfigurations == [.topic("t")])
        #expect(delta.changedBrokers == [1])
        #expect(!delta.featuresChanged)
    }

    @Test func tenThousandTopicsCreatedOneByOne() throws {
        var image = ClusterImage.empty
        for number in 0..<10_000 {
            let id = UUID(high: 1, low: UInt64(number))
            let state = PartitionState(replicas: [1], directories: [.zero], inSyncReplicas: [1], leader: 1)
            var delta = ClusterDelta(base: image)
            try delta.replay(
                MetadataBatch(
                    firstOffset: image.position.offset + 1, controllerEpoch: 1, time: 0,
                    records: [
                        .topic(TopicRecord(name: "topic.\(number)", id: id)),
                        .partition(PartitionRecord(topicId: id, partition: 0, state: state)),
                    ]))
            #expect(delta.changedTopics == [id])
            image = delta.image
        }
        #expect(image.topics.count == 10_000)
        #expect(image.topics.partitionCount == 10_000)
        #expect(image.topics["topic.9999"]?.id == UUID(high: 1, low: 9_999))
        #expect(try ClusterDelta(base: .empty, snapshot: MetadataSnapshot(image)).image == image)
    }

    @Test func noSnapshotOfNothing() {
        #expect(ClusterImage.empty.snapshotRecords().isEmpty)
        #expect(ClusterDelta(base: .empty).isEmpty)
    }
}
