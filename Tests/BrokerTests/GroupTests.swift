import Broker
import Bytes
import Configuration
import Files
import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Records
import Testing

@Suite struct GroupTests {
    private func broker(shards: Int = 1, _ more: [String: String] = [:]) throws -> TestBroker {
        let settings = ["group.initial.rebalance.delay.ms": "0", "martlet.shards": "\(shards)"]
        return try TestBroker(settings: settings.merging(more) { _, own in own })
    }

    @Test(arguments: [1, 3]) func aMemberJoinsSyncsAndCommits(shards: Int) throws {
        let broker = try broker(shards: shards)
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 3)
        for group in ["a", "b", "c", "d"] {
            try client.findCoordinator(of: group)
            let joined = try client.join(group)
            #expect(joined.errorCode == 0)
            #expect(joined.leader == joined.memberId)
            #expect(try client.sync(group, joined, assignments: [joined.memberId: [1, 2]]).assignment == [1, 2])
            #expect(try client.heartbeat(group, joined) == .none)
            let error = try client.commit(
                5, of: "t", partition: 2, in: group, member: joined.memberId, generation: joined.generationId)
            #expect(error == .none)
            #expect(try client.committed("t", partition: 2, in: group) == 5)
            #expect(try client.committed("t", partition: 1, in: group) == -1)
        }
        let listed = try client.ask(ListGroupsRequest(), version: 5)
        #expect(listed.errorCode == 0)
        #expect(listed.groups.map(\.groupId) == ["a", "b", "c", "d"])
        #expect(listed.groups.allSatisfy { $0.groupState == "Stable" && $0.groupType == "classic" })
    }

    /// A stable generation and its offsets are there after a restart: members go on without a rebalance.
    @Test(arguments: [1, 3]) func aRestartKeepsGenerationsAndOffsets(shards: Int) throws {
        let broker = try broker(shards: shards)
        defer { broker.stop() }
        var joined = JoinGroupResponse()
        do {
            let client = try WireClient(port: broker.port)
            try client.createTopic("t")
            try client.findCoordinator(of: "g")
            joined = try client.join("g")
            _ = try client.sync("g", joined, assignments: [joined.memberId: [7]])
            for offset in Int64(1)...20 {
                let error = try client.commit(
                    offset, of: "t", in: "g", member: joined.memberId, generation: joined.generationId)
                #expect(error == .none)
            }
        }
        broker.stop(keepingData: true)
        try broker.start()
        let client = try WireClient(port: broker.port)
        try client.findCoordinator(of: "g")
        #expect(try client.heartbeat("g", joined) == .none)
        #expect(try client.sync("g", joined).assignment == [7])
        #expect(try client.committed("t", in: "g") == 20)
    }

    @Test func secondMemberMovesTheGroupToTheNextGeneration() throws {
        let broker = try broker()
        defer { broker.stop() }
        let first = try WireClient(port: broker.port)
        try first.findCoordinator(of: "g")
        let alone = try first.join("g")
        _ = try first.sync("g", alone, assignments: [alone.memberId: [1]])
        // Not before it has something to say: a connection without a request is closed after a while.
        let second = try WireClient(port: broker.port)
        var request = JoinGroupRequest()
        request.groupId = "g"
        request.sessionTimeoutMs = 10_000
        request.rebalanceTimeoutMs = 10_000
        request.protocolType = "consumer"
        var row = JoinGroupRequest.JoinGroupRequestProtocol()
        row.name = "range"
        request.protocols = [row]
        try second.send(.joinGroup, version: 3) { (writer) throws(EncodeError) in
            try request.encode(into: &writer, version: 3)
        }
        while try first.heartbeat("g", alone) == .none {}
        let leader = try first.join("g", member: alone.memberId)
        let follower = try second.receive(.joinGroup, version: 3) { (cursor) throws(DecodeError) in
            try JoinGroupResponse(from: &cursor, version: 3)
        }
        #expect(leader.generationId == alone.generationId + 1)
        #expect(follower.generationId == leader.generationId)
        #expect(leader.members.map(\.memberId) == [alone.memberId, follower.memberId])
        #expect(follower.members.isEmpty)
        let shares: [String: [UInt8]] = [alone.memberId: [1], follower.memberId: [2]]
        #expect(try first.sync("g", leader, assignments: shares).assignment == [1])
        #expect(try second.sync("g", follower).assignment == [2])
    }

    /// A crash must not leave a part of it, though clients may not send a batch as large.
    @Test func aDecisionIsOneBatchWhateverItsSize() throws {
        let broker = try broker(["offsets.topic.num.partitions": "1", "message.max.bytes": "1000"])
        defer { broker.stop() }
        do {
            let client = try WireClient(port: broker.port)
            try client.createTopic("t", partitions: 100)
            try client.findCoordinator(of: "g")
            #expect(try client.commit(7, of: "t", partitions: 0..<100, in: "g") == [.none])
            let read = try client.fetch("__consumer_offsets", from: 0, maximumBytes: 100)
            #expect((read.error, read.highWatermark) == (.none, 100))
            let batch = try read.records.withUnsafeBytes { try RecordBatchHeader($0) }
            #expect((batch.recordCount, batch.totalSize) == (100, read.records.count))
            #expect(batch.totalSize > 1000)
        }
        broker.stop(keepingData: true)
        try broker.start()
        let client = try WireClient(port: broker.port)
        try client.findCoordinator(of: "g")
        for partition in Int32(0)..<100 { #expect(try client.committed("t", partition: partition, in: "g") == 7) }
    }

    @Test func aDecisionThatNoSegmentHasRoomForIsRefused() throws {
        let broker = try broker([
            "offsets.topic.num.partitions": "1", "offsets.topic.segment.bytes": "\(1 << 20)",
        ])
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 300)
        try client.findCoordinator(of: "g")
        let metadata = String(repeating: "m", count: 4_000)
        #expect(
            try client.commit(7, of: "t", partitions: 0..<300, in: "g", metadata: metadata) == [.unknownServerError])
        #expect(try client.fetch("__consumer_offsets", from: 0).highWatermark == 0)
        #expect(try client.committed("t", partition: 0, in: "g") == -1)
        #expect(try client.commit(7, of: "t", partitions: 0..<200, in: "g", metadata: metadata) == [.none])
        #expect(try client.committed("t", partition: 199, in: "g") == 7)
    }

    @Test func offsetsGoWithTheirTopic() throws {
        let broker = try broker()
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t")
        try client.findCoordinator(of: "g")
        #expect(try client.commit(9, of: "t", in: "g") == .none)
        #expect(try client.commit(9, of: "absent", in: "g") == .unknownTopicOrPartition)
        var request = DeleteTopicsRequest()
        request.topicNames = ["t"]
        #expect(try client.ask(request, version: 5).responses.first?.errorCode == 0)
        try client.createTopic("t")
        #expect(try client.committed("t", in: "g") == -1)
    }
}

/// A disk that takes no records: what a group was told would not be there after a restart.
@Suite struct GroupStorageTests {
    @Test func aCommitThatIsNotStoredIsRefusedAndTakenBack() throws {
        let disk = SimulatedFileSystem()
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: "/data"),
            .init(key: "offsets.topic.num.partitions", value: "1"),
        ]
        let server = try BrokerServer.start(BrokerConfiguration(input), fileSystem: disk)
        defer { server.stop() }
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic("t")
        try client.findCoordinator(of: "g")
        #expect(try client.commit(1, of: "t", in: "g") == .none)
        disk.withFaults { $0.script(.write, on: "__consumer_offsets-0/00000000000000000000.log", .full) }
        #expect(try client.commit(2, of: "t", in: "g") == .coordinatorNotAvailable)
        #expect(try client.committed("t", in: "g") == 1)
        #expect(try client.commit(3, of: "t", in: "g") == .none)
        #expect(try client.committed("t", in: "g") == 3)
    }
}
