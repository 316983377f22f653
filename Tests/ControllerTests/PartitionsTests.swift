import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing

@testable import Controller

@Suite struct CreatePartitionsTests {
    private func grow(
        _ cluster: inout TestCluster, _ name: String, _ count: Int32, _ assignments: [[Int32]]? = nil,
        validateOnly: Bool = false
    ) throws -> Int16 {
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = name
        topic.count = count
        topic.assignments = assignments?.map { brokers in
            var assignment = CreatePartitionsRequest.CreatePartitionsAssignment()
            assignment.brokerIds = brokers
            return assignment
        }
        var request = CreatePartitionsRequest()
        request.topics = [topic]
        request.validateOnly = validateOnly
        let result = cluster.controller.createPartitions(request, using: &cluster.random)
        try cluster.take(result.records)
        return try #require(result.reply.results.first).errorCode
    }

    private func replicas(_ cluster: TestCluster, _ name: String) -> [[Int32]] {
        cluster.controller.image.topics[name]?.partitions.map(\.replicas) ?? []
    }

    @Test func newPartitionsFollowTheOldOnes() throws {
        var cluster = try TestCluster(brokers: 3)
        _ = try cluster.create([topic("t", partitions: 2, replicas: 2)])
        let before = replicas(cluster, "t")
        #expect(try grow(&cluster, "t", 3, validateOnly: true) == 0)
        #expect(replicas(cluster, "t") == before)
        #expect(try grow(&cluster, "t", 5) == 0)
        #expect(Array(replicas(cluster, "t").prefix(2)) == before)
        #expect(replicas(cluster, "t").map { Set($0).count } == [2, 2, 2, 2, 2])
        #expect(try grow(&cluster, "t", 7, [[3, 1], [1, 2]]) == 0)
        #expect(Array(replicas(cluster, "t").suffix(2)) == [[3, 1], [1, 2]])
        #expect(cluster.controller.image.topics["t"]?.partitions.map(\.leader).suffix(2) == [3, 1])
    }

    static let refused: [(name: String, count: Int32, assignments: [[Int32]]?, code: Int16)] = [
        ("t", 2, nil, 37), ("t", 1, nil, 37), ("t", 0, nil, 37), ("t", -1, nil, 37), ("absent", 3, nil, 3),
        ("t", 3, [[99]], 39), ("t", 5, [[1]], 39), ("t", 3, [[1], [1]], 39), ("t", 3, [[1, 1]], 39),
        ("t", 3, [[1, 2]], 39),
        ("t", 3, [[]], 39), ("t", Int32.max, nil, 44),
    ]

    @Test(arguments: refused)
    func isRefused(_ row: (name: String, count: Int32, assignments: [[Int32]]?, code: Int16)) throws {
        var cluster = try TestCluster(brokers: 2)
        _ = try cluster.create([topic("t", partitions: 2)])
        #expect(try grow(&cluster, row.name, row.count, row.assignments) == row.code)
        #expect(replicas(cluster, "t").count == 2)
    }

    @Test func aTopicNamedTwiceIsAnsweredOnce() throws {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("t")])
        var row = CreatePartitionsRequest.CreatePartitionsTopic()
        row.name = "t"
        row.count = 3
        row.assignments = nil
        var request = CreatePartitionsRequest()
        request.topics = [row, row]
        let result = cluster.controller.createPartitions(request, using: &cluster.random)
        #expect(result.reply.results.map(\.errorCode) == [42])
        #expect(result.records.isEmpty)
    }
}

@Suite struct ElectLeadersTests {
    private func elect(_ cluster: inout TestCluster, _ type: Int8, _ partitions: [Int32]?) throws
        -> ElectLeadersResponse
    {
        var request = ElectLeadersRequest()
        request.electionType = type
        request.topicPartitions = partitions.map { partitions in
            var topic = ElectLeadersRequest.TopicPartitions()
            topic.topic = "t"
            topic.partitions = partitions
            return [topic]
        }
        let result = cluster.controller.electLeaders(request)
        try cluster.take(result.records)
        return result.reply
    }

    /// A topic of three partitions on two brokers, led as the list says.
    private func cluster(leaders: [Int32], inSync: [Int32] = [1, 2]) throws -> TestCluster {
        var cluster = try TestCluster(brokers: 2)
        let assignments = leaders.indices.map { (Int32($0), [Int32(1), 2]) }
        _ = try cluster.create([topic("t", partitions: -1, replicas: -1, assignments: assignments)])
        let topic = try #require(cluster.controller.image.topics["t"])
        try cluster.take(
            leaders.enumerated().map { index, leader in
                var state = topic.partitions[index]
                state.leader = leader
                state.inSyncReplicas = inSync
                return .partition(PartitionRecord(topicId: topic.id, partition: Int32(index), state: state))
            })
        return cluster
    }

    private func codes(_ response: ElectLeadersResponse) -> [Int16] {
        response.replicaElectionResults.flatMap { $0.partitionResult.map(\.errorCode) }
    }

    @Test func leadershipGoesBackToThePreferredReplica() throws {
        var cluster = try cluster(leaders: [1, 2, 2])
        #expect(codes(try elect(&cluster, 0, [0, 1, 9])) == [84, 0, 3])
        let partitions = try #require(cluster.controller.image.topics["t"]).partitions
        #expect(partitions.map(\.leader) == [1, 1, 2])
        #expect(partitions.map(\.leaderEpoch) == [0, 1, 0])
        // Of all partitions only those are named that something was done about.
        let all = try elect(&cluster, 0, nil)
        #expect(all.replicaElectionResults.flatMap { $0.partitionResult.map(\.partitionId) } == [2])
    }

    @Test func aReplicaThatLagsIsNotPreferred() throws {
        var cluster = try cluster(leaders: [2], inSync: [2])
        #expect(codes(try elect(&cluster, 0, [0])) == [80])
    }

    @Test func anyReplicaLeadsWhereNobodyDid() throws {
        var cluster = try cluster(leaders: [-1, 1], inSync: [2])
        #expect(codes(try elect(&cluster, 1, [0, 1])) == [0, 84])
        let state = try #require(cluster.controller.image.topics["t"]).partitions[0]
        #expect(state.leader == 1)
        #expect(state.inSyncReplicas == [1])
    }

    @Test func anUnknownTypeOfElectionIsRefused() throws {
        var cluster = try cluster(leaders: [1])
        let response = try elect(&cluster, 5, [0])
        #expect(response.errorCode == 42)
        #expect(codes(response) == [42])
    }
}

@Suite struct ReassignmentTests {
    private func reassign(
        _ cluster: inout TestCluster, _ replicas: [Int32]?, partition: Int32 = 0, name: String = "t",
        mayChangeFactor: Bool = true
    ) throws -> Int16 {
        var row = AlterPartitionReassignmentsRequest.ReassignablePartition()
        row.partitionIndex = partition
        row.replicas = replicas
        var topic = AlterPartitionReassignmentsRequest.ReassignableTopic()
        topic.name = name
        topic.partitions = [row]
        var request = AlterPartitionReassignmentsRequest()
        request.topics = [topic]
        request.allowReplicationFactorChange = mayChangeFactor
        let result = cluster.controller.alterPartitionReassignments(request)
        try cluster.take(result.records)
        return try #require(result.reply.responses.first?.partitions.first).errorCode
    }

    @Test func oneNodesAnswers() throws {
        var cluster = try TestCluster(brokers: 2)
        _ = try cluster.create([topic("t", partitions: -1, replicas: -1, assignments: [(0, [1, 2])])])
        let before = cluster.controller.image
        #expect(try reassign(&cluster, nil) == 85)
        #expect(try reassign(&cluster, [1, 2]) == 0)
        #expect(try reassign(&cluster, [99]) == 39)
        #expect(try reassign(&cluster, []) == 39)
        #expect(try reassign(&cluster, [1, 1]) == 39)
        #expect(try reassign(&cluster, [-1]) == 39)
        #expect(try reassign(&cluster, [1]) == 39)
        #expect(try reassign(&cluster, [1], mayChangeFactor: false) == 38)
        #expect(try reassign(&cluster, [1], partition: 8) == 3)
        #expect(try reassign(&cluster, [1], name: "absent") == 3)
        #expect(cluster.controller.image == before)
        #expect(try reassign(&cluster, [2, 1]) == 0)
        #expect(cluster.controller.image.topics["t"]?.partitions[0].replicas == [2, 1])
        #expect(cluster.controller.image.topics["t"]?.partitions[0].leader == 1)
    }
}
