import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Transcripts

@testable import GroupCoordinator

/// What groups answer and store, as text.
enum GroupText {
    private static let text = FieldText(
        defaults: [
            JoinGroupResponse(), JoinGroupResponse.JoinGroupResponseMember(), SyncGroupResponse(), HeartbeatResponse(),
            LeaveGroupResponse(), usual(LeaveGroupResponse.MemberResponse()) { $0.groupInstanceId = nil },
            OffsetCommitResponse(),
            OffsetCommitResponse.OffsetCommitResponseTopic(), OffsetCommitResponse.OffsetCommitResponsePartition(),
            OffsetFetchResponse.OffsetFetchResponseGroup(), OffsetFetchResponse.OffsetFetchResponseTopics(),
            OffsetFetchResponse.OffsetFetchResponsePartitions(), OffsetDeleteResponse(),
            OffsetDeleteResponse.OffsetDeleteResponseTopic(), OffsetDeleteResponse.OffsetDeleteResponsePartition(),
            DescribeGroupsResponse.DescribedGroup(), DescribeGroupsResponse.DescribedGroupMember(),
            ListGroupsResponse.ListedGroup(), OffsetCommitValue(), GroupMetadataValue(),
            GroupMetadataValue.MemberMetadata(), ConsumerGroupHeartbeatResponse(),
            ConsumerGroupDescribeResponse.DescribedGroup(),
            usual(ConsumerGroupDescribeResponse.Member()) { $0.subscribedTopicRegex = "" },
            ConsumerGroupHeartbeatResponse.Assignment(), ConsumerGroupDescribeResponse.TopicPartitions(),
            ConsumerGroupDescribeResponse.Assignment(),
            ConsumerGroupMetadataValue(),
            usual(ConsumerGroupMemberMetadataValue()) {
                ($0.instanceId, $0.rackId, $0.serverAssignor) = (nil, nil, nil)
            },
            ConsumerGroupTargetAssignmentMetadataValue(), ConsumerGroupTargetAssignmentMemberValue(),
            ConsumerGroupCurrentMemberAssignmentValue(), ConsumerGroupRegularExpressionValue(),
        ], always: ["partitionIndex", "committedOffset"], bytes: bytes)

    private static func usual<Message>(_ message: Message, _ change: (inout Message) -> Void) -> Message {
        var message = message
        change(&message)
        return message
    }

    /// A subscription by its topics, an assignment by its partitions, text as it is, anything else in hexadecimal.
    private static func bytes(_ bytes: [UInt8]) -> String {
        if bytes.isEmpty { return "empty" }
        if let partitions = assignment(bytes) { return "<\(partitions.joined(separator: "+"))>" }
        if let topics = ClassicSubscription.topics(of: bytes) {
            return "<\(topics.map(\.text).joined(separator: "+"))>"
        }
        let isText = bytes.allSatisfy { (0x21..<0x7F).contains($0) }
        return isText ? String(decoding: bytes, as: UTF8.self) : bytes.map { String($0, radix: 16) }.joined()
    }

    private static func assignment(_ bytes: [UInt8]) -> [String]? {
        bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard (try? cursor.int16()) != nil,
                let assignment = try? ConsumerProtocolAssignment(from: &cursor, version: 0)
            else { return nil }
            return assignment.assignedPartitions.flatMap { row in row.partitions.map { "\(row.topic)/\($0)" } }
        }
    }

    // MARK: Replies

    static func reply(_ reply: GroupReply) -> TranscriptReply {
        switch reply {
        case .joinGroup(let response): described(response.errorCode, response)
        case .syncGroup(let response): described(response.errorCode, response)
        case .heartbeat(let response): described(response.errorCode, response)
        case .leaveGroup(let response): described(response.errorCode, response)
        case .commitOffsets(let response): described(0, response)
        case .fetchOffsets(let response): described(response.errorCode, response)
        case .deleteOffsets(let response): described(response.errorCode, response)
        case .describeGroup(let row): described(row.errorCode, row)
        case .listGroups(let rows): described(0, rows)
        case .deleteGroup(let error): TranscriptReply(error)
        case .explainGroup(let explanation): described(explanation)
        case .consumerGroupHeartbeat(let response): described(response.errorCode, response)
        case .describeConsumerGroup(let row): described(row.errorCode, row)
        }
    }

    private static func described(_ error: Int16, _ response: Any) -> TranscriptReply {
        TranscriptReply(ErrorCode(rawValue: error), text.fields(of: response, except: ["errorCode"]))
    }

    private static func described(_ error: Int16, _ rows: [ListGroupsResponse.ListedGroup]) -> TranscriptReply {
        let lines = rows.sorted { $0.groupId < $1.groupId }.map { "(\(text.fields(of: $0)))" }
        return TranscriptReply(.none, lines.isEmpty ? "nothing" : lines.joined(separator: ", "))
    }

    private static func described(_ explanation: GroupExplanation?) -> TranscriptReply {
        var lines = (explanation?.events ?? []).map { event in
            let member = event.member.map { " \(named($0))" } ?? ""
            let times = event.count > 1 ? ", \(event.count) times" : ""
            return "\(event.generation): \(event.kind.rawValue)\(member), \(event.reason)\(times)"
        }
        for awaited in explanation?.awaited ?? [] {
            let times = [
                ("since", awaited.since), ("until", awaited.deadline), ("heard", awaited.lastHeard),
                ("session until", awaited.sessionEnd),
            ]
            let known = times.compactMap { name, time in time.map { " \(name) \($0)" } }.joined()
            lines.append("waits for \(named(awaited.member)) \(awaited.task)\(known)")
        }
        if let until = explanation?.awaitedUntil { lines.append("waits until \(until)") }
        return TranscriptReply(.none, lines.isEmpty ? "nothing" : lines.joined(separator: "; "))
    }

    private static func named(_ member: NotedMember) -> String {
        let id = member.id.isEmpty ? "somebody" : member.id.text
        let client = member.clientID.isEmpty ? "" : " of \(member.clientID)"
        return id + client + (member.instanceID.map { " as \($0)" } ?? "")
    }

    // MARK: Records

    static func record(_ record: GroupRecord) -> TranscriptRecord {
        switch record {
        case .offset(let key, let value):
            stored("offset \(key.group.isEmpty ? "\"\"" : key.group) \(key.topic)/\(key.partition)", value)
        case .classicGroup(let group, let value): stored("group \(group)", value)
        case .consumerGroup(let group, let value): stored("consumer-group \(group)", value)
        case .consumerPartitions(let group): TranscriptRecord("consumer-partitions \(group)", nil)
        case .consumerMember(let group, let member, let value): stored("member \(group)/\(member)", value)
        case .consumerTarget(let group, let value): stored("target \(group)", value)
        case .consumerTargetMember(let group, let member, let value): stored("target \(group)/\(member)", value)
        case .consumerCurrent(let group, let member, let value): stored("current \(group)/\(member)", value)
        case .consumerPattern(let group, let pattern, let value): stored("pattern \(group)/\(pattern)", value)
        }
    }

    private static func stored(_ key: String, _ value: (some KafkaMessage)?) -> TranscriptRecord {
        TranscriptRecord(key, value.map { text.fields(of: $0) })
    }
}
