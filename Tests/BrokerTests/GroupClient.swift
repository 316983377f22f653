import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Testing

/// What a member of a classic group sends, for tests.
extension WireClient {
    /// Asks until the group has a coordinator that has read its state.
    func findCoordinator(of group: String) throws {
        var request = FindCoordinatorRequest()
        request.coordinatorKeys = [group]
        var found = ErrorCode.coordinatorNotAvailable
        while found == .coordinatorNotAvailable {
            let response = try ask(request, version: 4)
            found = ErrorCode(rawValue: try #require(response.coordinators.first).errorCode)
        }
        #expect(found == .none)
        var describe = DescribeGroupsRequest()
        describe.groups = [group]
        while try ask(describe, version: 5).groups.first?.errorCode == ErrorCode.coordinatorLoadInProgress.rawValue {}
    }

    func join(
        _ group: String, member: String = "", protocols: [String] = ["range"], version: Int16 = 3
    ) throws -> JoinGroupResponse {
        var request = JoinGroupRequest()
        request.groupId = group
        request.sessionTimeoutMs = 10_000
        request.rebalanceTimeoutMs = 10_000
        request.memberId = member
        request.protocolType = "consumer"
        request.protocols = protocols.map { name in
            var row = JoinGroupRequest.JoinGroupRequestProtocol()
            row.name = name
            return row
        }
        return try ask(request, version: version)
    }

    func sync(
        _ group: String, _ joined: JoinGroupResponse, assignments: [String: [UInt8]] = [:]
    ) throws -> SyncGroupResponse {
        var request = SyncGroupRequest()
        request.groupId = group
        request.generationId = joined.generationId
        request.memberId = joined.memberId
        request.assignments = assignments.map { member, bytes in
            var row = SyncGroupRequest.SyncGroupRequestAssignment()
            row.memberId = member
            row.assignment = bytes
            return row
        }
        return try ask(request, version: 2)
    }

    func heartbeat(_ group: String, _ joined: JoinGroupResponse) throws -> ErrorCode {
        var request = HeartbeatRequest()
        request.groupId = group
        request.generationId = joined.generationId
        request.memberId = joined.memberId
        return ErrorCode(rawValue: try ask(request, version: 2).errorCode)
    }

    func commit(
        _ offset: Int64, of topic: String, partition: Int32 = 0, in group: String, member: String = "",
        generation: Int32 = -1
    ) throws -> ErrorCode {
        var row = OffsetCommitRequest.OffsetCommitRequestPartition()
        row.partitionIndex = partition
        row.committedOffset = offset
        var named = OffsetCommitRequest.OffsetCommitRequestTopic()
        named.name = topic
        named.partitions = [row]
        var request = OffsetCommitRequest()
        request.groupId = group
        request.memberId = member
        request.generationIdOrMemberEpoch = generation
        request.topics = [named]
        let response = try ask(request, version: 8)
        return ErrorCode(rawValue: try #require(response.topics.first?.partitions.first).errorCode)
    }

    /// Commits one offset of many partitions, as one decision.
    func commit(
        _ offset: Int64, of topic: String, partitions: Range<Int32>, in group: String, metadata: String = ""
    ) throws -> Set<ErrorCode> {
        var named = OffsetCommitRequest.OffsetCommitRequestTopic()
        named.name = topic
        named.partitions = partitions.map { partition in
            var row = OffsetCommitRequest.OffsetCommitRequestPartition()
            (row.partitionIndex, row.committedOffset, row.committedMetadata) = (partition, offset, metadata)
            return row
        }
        var request = OffsetCommitRequest()
        request.groupId = group
        request.topics = [named]
        let response = try ask(request, version: 8)
        return Set(response.topics.flatMap(\.partitions).map { ErrorCode(rawValue: $0.errorCode) })
    }

    /// Moves the start of a partition's log; how that went.
    func deleteRecords(before offset: Int64, of topic: String, partition: Int32 = 0) throws -> ErrorCode? {
        var row = DeleteRecordsRequest.DeleteRecordsPartition()
        (row.partitionIndex, row.offset) = (partition, offset)
        var named = DeleteRecordsRequest.DeleteRecordsTopic()
        (named.name, named.partitions) = (topic, [row])
        var request = DeleteRecordsRequest()
        request.topics = [named]
        request.timeoutMs = 10_000
        let response = try ask(request, version: 2)
        return response.topics.first?.partitions.first.map { ErrorCode(rawValue: $0.errorCode) }
    }

    /// -1 where nothing is committed.
    func committed(_ topic: String, partition: Int32 = 0, in group: String) throws -> Int64 {
        var named = OffsetFetchRequest.OffsetFetchRequestTopics()
        named.name = topic
        named.partitionIndexes = [partition]
        var asked = OffsetFetchRequest.OffsetFetchRequestGroup()
        asked.groupId = group
        asked.topics = [named]
        var request = OffsetFetchRequest()
        request.groups = [asked]
        let response = try #require(ask(request, version: 8).groups.first)
        #expect(response.errorCode == 0)
        return try #require(response.topics.first?.partitions.first).committedOffset
    }
}
