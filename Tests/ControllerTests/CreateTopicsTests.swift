import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing

@testable import Controller

@Suite struct CreateTopicsTests {
    @Test func aTopicIsThereWithItsPartitionsAndSettings() throws {
        var cluster = try TestCluster()
        let answers = try cluster.create([
            topic("a", partitions: 3), topic("b", configs: [("retention.ms", "1"), ("retention.ms", "1000")]),
        ])
        #expect(answers.map(\.errorCode) == [0, 0])
        #expect(answers.map(\.errorMessage) == [nil, nil])
        #expect(answers.map(\.numPartitions) == [3, 1])
        #expect(answers.map(\.replicationFactor) == [1, 1])
        let image = cluster.controller.image
        let created = try #require(image.topics["a"])
        #expect(created.id == answers[0].topicId)
        #expect(created.partitions.count == 3)
        for partition in created.partitions {
            #expect(
                partition
                    == PartitionState(
                        replicas: [1], directories: [UUID(high: 1, low: 1)], inSyncReplicas: [1], leader: 1))
        }
        #expect(image.configuration(of: .topic("b")) == ["retention.ms": "1000"])
        #expect(try cluster.create([topic("a", partitions: 3)])[0].errorCode == 36)
    }

    @Test func validateOnlyAnswersAndCreatesNothing() throws {
        var cluster = try TestCluster()
        let answers = try cluster.create([topic("a", partitions: 2), topic("b", partitions: 0)], validateOnly: true)
        #expect(answers.map(\.errorCode) == [0, 37])
        #expect(answers[0].numPartitions == 2)
        #expect(!answers[0].topicId.isZero)
        #expect(cluster.controller.image.topics.count == 0)
    }

    @Test func defaultsComeFromTheBroker() throws {
        var cluster = try TestCluster(
            brokers: 3, settings: [("num.partitions", "4"), ("default.replication.factor", "2")])
        let answer = try cluster.create([topic("a", partitions: -1, replicas: -1)])[0]
        #expect((answer.numPartitions, answer.replicationFactor) == (4, 2))
    }

    @Test func theConfigurationIsReturnedWithItsSources() throws {
        var cluster = try TestCluster(settings: [("log.segment.bytes", "2000000")])
        let answer = try cluster.create([topic("a", configs: [("cleanup.policy", "compact")])])[0]
        let configs = try #require(answer.configs)
        #expect(configs.map(\.name) == TopicKey.allCases.map(\.name))
        func config(_ name: String) -> [String?] {
            configs.filter { $0.name == name }.flatMap { [$0.value, String($0.configSource)] }
        }
        #expect(config("cleanup.policy") == ["compact", "1"])
        #expect(config("segment.bytes") == ["2000000", "4"])
        #expect(config("min.insync.replicas") == ["1", "3"])
        #expect(config("flush.messages") == ["1", "5"])
        #expect(config("retention.ms") == ["604800000", "5"])
    }

    @Test func aNameThatIsThereTwiceIsAnsweredOnce() throws {
        var cluster = try TestCluster()
        let answers = try cluster.create([topic("x"), topic("x", partitions: 2), topic("y")])
        #expect(answers.map(\.name) == ["x", "y"])
        #expect(answers.map(\.errorCode) == [42, 0])
    }

    @Test func namesThatLookAlikeDoNotMix() throws {
        var cluster = try TestCluster()
        #expect(try cluster.create([topic("a.b"), topic("a_b")]).map(\.errorCode) == [0, 17])
        #expect(try cluster.create([topic("a_b")])[0].errorCode == 17)
        _ = try cluster.delete([deletion("a.b")])
        #expect(try cluster.create([topic("a_b")])[0].errorCode == 0)
    }

    @Test func theFirstFaultInKafkasOrderIsTold() throws {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("a")])
        let bad: [(String, String?)] = [("no.such", "1")]
        let cases: [(CreateTopicsRequest.CreatableTopic, Int16)] = [
            (topic("bad name", partitions: 0, replicas: 0, configs: bad), 17),
            (topic("a", partitions: 0, replicas: 0, configs: bad), 36),
            (topic("b", partitions: 0, replicas: 0, configs: bad), 40),
            (topic("b", partitions: 0, replicas: 0), 38),
            (topic("b", partitions: 0, replicas: 9), 37),
            (topic("b", partitions: 1, replicas: 1, assignments: [(0, [])]), 42),
            (topic("b", partitions: 1, replicas: -1, assignments: [(0, [])]), 42),
            (topic("b", partitions: -1, replicas: -1, assignments: [(0, [1]), (0, [1])]), 39),
            (topic("b", partitions: -1, replicas: -1, assignments: [(-1, [1])]), 39),
        ]
        for (topic, code) in cases {
            #expect(try cluster.create([topic])[0].errorCode == code)
        }
    }

    @Test func theSettingsOfManyTopicsAreNotAllTold() throws {
        var cluster = try TestCluster()
        let count = Controller.maximumDescribedTopics
        let answers = try cluster.create((0..<count + 10).map { topic("t\($0)") })
        #expect(answers.allSatisfy { $0.errorCode == 0 })
        #expect(answers[count - 1].configs?.isEmpty == false)
        #expect(answers[..<count].allSatisfy { $0.topicConfigErrorCode == 0 })
        #expect(answers[count...].allSatisfy { $0.configs == nil && $0.topicConfigErrorCode == 44 })
        #expect(cluster.controller.image.topics.count == count + 10)
    }

    @Test func aRequestForTooManyPartitionsIsRefusedWhole() throws {
        var cluster = try TestCluster()
        #expect(try cluster.create([topic("a", partitions: 10_000), topic("b")]).map(\.errorCode) == [44, 44])
        #expect(try cluster.create([topic("a", partitions: .max), topic("b", partitions: .max)])[0].errorCode == 44)
        #expect(try cluster.create([topic("a", partitions: 10_000)])[0].errorCode == 0)
        #expect(cluster.controller.image.topics.partitionCount == 10_000)
    }

    @Test func manualAssignmentsAreKept() throws {
        var cluster = try TestCluster(brokers: 3)
        let answer = try cluster.create([
            topic("a", partitions: -1, replicas: -1, assignments: [(1, [3, 1]), (0, [2, 3])])
        ])[0]
        #expect((answer.numPartitions, answer.replicationFactor) == (2, 2))
        #expect(cluster.controller.image.topics["a"]?.partitions.map(\.replicas) == [[2, 3], [3, 1]])
        #expect(cluster.controller.image.topics["a"]?.partitions.map(\.leader) == [2, 3])
    }

    @Test func fencedBrokersDoNotLead() throws {
        var cluster = try TestCluster(brokers: 2)
        let epoch = try #require(cluster.controller.image.brokers[1]?.epoch)
        try cluster.take([.brokerFencing(BrokerFencingRecord(brokerId: 1, brokerEpoch: epoch, isFenced: true))])
        let answers = try cluster.create([
            topic("a", partitions: 4, replicas: 2),
            topic("b", partitions: -1, replicas: -1, assignments: [(0, [1, 2])]),
            topic("c", partitions: -1, replicas: -1, assignments: [(0, [1])]),
        ])
        #expect(answers.map(\.errorCode) == [0, 0, 39])
        let topics = cluster.controller.image.topics
        for name in ["a", "b"] {
            #expect(topics[name]?.partitions.allSatisfy { $0.leader == 2 && $0.inSyncReplicas == [2] } == true)
        }
    }

    @Test func unknownTopicsAreCreatedWithDefaults() throws {
        var cluster = try TestCluster(settings: [("num.partitions", "2")])
        _ = try cluster.create([topic("there")])
        let result = cluster.controller.autoCreateTopics(["new", "bad name", "there"], using: &cluster.random)
        try cluster.take(result.records)
        #expect(
            result.reply == ["new": .none, "bad name": .invalidTopicException, "there": .topicAlreadyExists])
        #expect(cluster.controller.image.topics["new"]?.partitions.count == 2)
    }

    @Test func withoutBrokersNothingIsPlaced() throws {
        var cluster = try TestCluster(brokers: 0)
        #expect(try cluster.create([topic("a")])[0].errorCode == 38)
    }
}

@Suite struct ReplicaPlacementTests {
    @Test(arguments: [(1, 1), (3, 1), (3, 2), (3, 3), (5, 3), (7, 7)])
    func isEvenAndWithoutRepetition(_ brokers: Int32, _ factor: Int) throws {
        var cluster = try TestCluster(brokers: brokers)
        let partitions = Int(brokers) * 60
        _ = try cluster.create([topic("a", partitions: Int32(partitions), replicas: Int16(factor))])
        let placed = try #require(cluster.controller.image.topics["a"]).partitions.map(\.replicas)
        var leaders: [Int32: Int] = [:]
        var replicas: [Int32: Int] = [:]
        for list in placed {
            #expect(list.count == factor)
            #expect(Set(list).count == factor)
            leaders[list[0], default: 0] += 1
            for id in list { replicas[id, default: 0] += 1 }
        }
        #expect(Set(leaders.values) == [60])
        #expect(leaders.count == Int(brokers))
        #expect(replicas.values.allSatisfy { abs($0 - 60 * factor) <= 60 })
    }

    @Test func theStartIsRandom() throws {
        var cluster = try TestCluster(brokers: 3)
        _ = try cluster.create((0..<60).map { topic("t\($0)") })
        let leaders = cluster.controller.image.topics.all.map { $0.partitions[0].leader }
        #expect(Set(leaders) == [1, 2, 3])
    }

    @Test func morethanThereAreIsRefused() throws {
        var cluster = try TestCluster(brokers: 2)
        let answer = try cluster.create([topic("a", replicas: 3)])[0]
        #expect(answer.errorCode == 38)
        #expect(answer.errorMessage?.contains("3 time(s)") == true)
    }
}
