import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Transcripts

/// The requests that the lines of a story stand for.
extension GroupTranscripts {
    func join(
        _ line: inout TranscriptLine, _ group: String, _ version: Int16, _ client: inout Client
    ) throws(TranscriptError) -> JoinGroupRequest {
        if let instance = line.text("instance") { client.instance = instance }
        if let type = line.text("type") { client.type = type }
        if let protocols = line.text("protocols") { client.protocols = protocols }
        var request = JoinGroupRequest()
        request.groupId = group
        request.memberId = line.text("member") ?? client.member
        request.groupInstanceId = version >= 5 ? client.instance : nil
        client.session = try line.number("session", client.session)
        client.rebalance = try line.number("rebalance", client.rebalance)
        request.sessionTimeoutMs = client.session
        request.rebalanceTimeoutMs = version == 0 ? -1 : client.rebalance
        request.protocolType = client.type
        request.protocols = client.protocols.split(separator: ",").map { text in
            var row = JoinGroupRequest.JoinGroupRequestProtocol()
            let parts = text.split(separator: ":", maxSplits: 1)
            row.name = String(parts[0])
            row.metadata = GroupTranscripts.subscription(parts.count > 1 ? parts[1] : "orders")
            return row
        }
        request.reason = line.text("reason")
        return request
    }

    /// `orders+payments` are topics, `orders@7` too, in version 7 of what is written by version 1; `!bytes` are bytes.
    private static func subscription(_ text: Substring) -> [UInt8] {
        if text.hasPrefix("!") { return Array(text.dropFirst().utf8) }
        var subscription = ConsumerProtocolSubscription()
        let parts = text.split(separator: "@")
        subscription.topics = (parts.first ?? "").split(separator: "+").map(String.init)
        var writer = ByteWriter()
        writer.write(parts.count > 1 ? Int16(parts[1]) ?? 1 : 1)
        try? subscription.encode(into: &writer, version: 1)
        return writer.bytes
    }

    func sync(
        _ line: inout TranscriptLine, _ group: String, _ version: Int16, _ client: Client
    ) throws(TranscriptError) -> SyncGroupRequest {
        var request = SyncGroupRequest()
        request.groupId = group
        request.memberId = line.text("member") ?? client.member
        request.generationId = try line.number("generation", client.generation)
        request.groupInstanceId = line.text("instance") ?? client.instance
        if version >= 5 {
            request.protocolType = line.text("type") ?? client.protocolType
            request.protocolName = line.text("name") ?? client.protocolName
            if request.protocolType == "none" { request.protocolType = nil }
            if request.protocolName == "none" { request.protocolName = nil }
        }
        request.assignments = (line.list("assign") ?? []).map { text in
            var row = SyncGroupRequest.SyncGroupRequestAssignment()
            let parts = text.split(separator: ":")
            row.memberId = member(String(parts[0]))
            row.assignment = GroupTranscripts.assignment(parts.last ?? "")
            return row
        }
        return request
    }

    /// `orders/0+orders/1` are partitions; anything else is text.
    private static func assignment(_ text: Substring) -> [UInt8] {
        let parts = text.split(separator: "+").map(String.init)
        guard text.contains("/"), let topics = try? partitions(parts) else { return Array(text.utf8) }
        var assignment = ConsumerProtocolAssignment()
        assignment.assignedPartitions = topics.map { topic, rows in
            var row = ConsumerProtocolAssignment.TopicPartition()
            (row.topic, row.partitions) = (topic, rows.map(\.partition))
            return row
        }
        var writer = ByteWriter()
        writer.write(Int16(1))
        try? assignment.encode(into: &writer, version: 1)
        return writer.bytes
    }

    /// `members=c1,c2/instance,/instance`; the asker where none are named.
    func leave(
        _ line: inout TranscriptLine, _ group: String, _ version: Int16, _ client: Client
    ) -> LeaveGroupRequest {
        var request = LeaveGroupRequest()
        request.groupId = group
        guard version >= 3 else {
            request.memberId = line.text("member") ?? client.member
            return request
        }
        let reason = line.text("reason")
        request.members = (line.list("members") ?? [client.member]).map { text in
            var identity = LeaveGroupRequest.MemberIdentity()
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            identity.memberId = parts[0].isEmpty ? "" : member(String(parts[0]))
            identity.groupInstanceId = parts.count > 1 ? String(parts[1]) : nil
            identity.reason = reason
            return identity
        }
        return request
    }

    /// A heartbeat of the consumer protocol. Who has no epoch joins, and makes up an id; `owned=all` is what it was given.
    func consume(
        _ line: inout TranscriptLine, _ group: String, _ asker: String, _ client: inout Client
    ) throws(TranscriptError) -> ConsumerGroupHeartbeatRequest {
        if let instance = line.text("instance") { client.instance = instance }
        var request = ConsumerGroupHeartbeatRequest()
        request.groupId = group
        request.memberId = line.text("member") ?? (client.member.isEmpty ? asker : client.member)
        request.memberEpoch = try line.number("epoch", max(client.generation, 0))
        request.instanceId = client.instance
        request.serverAssignor = line.text("assignor")
        request.subscribedTopicNames = line.text("topics").map { $0.split(separator: "+").map(String.init) }
        request.subscribedTopicRegex = line.text("pattern")
        let joins = request.memberEpoch == 0
        request.rebalanceTimeoutMs = try line.number("rebalance", joins ? client.rebalance : -1)
        if joins { client.owned = [] }
        guard let owned = line.text("owned") ?? (joins ? "none" : nil) else { return request }
        request.topicPartitions =
            switch owned {
            case "none": []
            case "all": client.owned.map { topicPartitions($0.topicId, $0.partitions) }
            default:
                try Self.partitions(owned.split(separator: ",").map(String.init)).map { topic, rows in
                    topicPartitions(id(of: topic), rows.map(\.partition))
                }
            }
        return request
    }

    private func topicPartitions(
        _ topic: UUID, _ partitions: [Int32]
    ) -> ConsumerGroupHeartbeatRequest.TopicPartitions {
        var row = ConsumerGroupHeartbeatRequest.TopicPartitions()
        (row.topicId, row.partitions) = (topic, partitions)
        return row
    }

    // MARK: Offsets

    func commit(
        _ line: inout TranscriptLine, _ group: String, _ client: Client
    ) throws(TranscriptError) -> OffsetCommitRequest {
        var request = OffsetCommitRequest()
        request.groupId = group
        request.memberId = line.text("member") ?? client.member
        request.generationIdOrMemberEpoch = try line.number("generation", client.generation)
        request.groupInstanceId = line.text("instance") ?? client.instance
        request.retentionTimeMs = try line.number("retention", -1)
        let epoch: Int32 = try line.number("epoch", -1)
        var metadata = line.text("metadata")
        // `*5000` is a text of that length.
        if let text = metadata, let sign = text.firstIndex(of: "*"), let count = Int(text[text.index(after: sign)...]) {
            metadata = String(repeating: String(text[..<sign]), count: count)
        }
        request.topics = try Self.partitions(line.list("offsets") ?? []).map { name, partitions in
            var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
            topic.name = name
            topic.partitions = partitions.map { row in
                var partition = OffsetCommitRequest.OffsetCommitRequestPartition()
                partition.partitionIndex = row.partition
                partition.committedOffset = row.offset
                partition.committedLeaderEpoch = epoch
                partition.committedMetadata = metadata
                return partition
            }
            return topic
        }
        return request
    }

    func fetch(
        _ line: inout TranscriptLine, _ group: String
    ) throws(TranscriptError) -> OffsetFetchRequest.OffsetFetchRequestGroup {
        var request = OffsetFetchRequest.OffsetFetchRequestGroup()
        request.groupId = group
        request.memberId = line.text("member")
        request.memberEpoch = try line.number("epoch", -1)
        guard let offsets = line.list("offsets") else {
            request.topics = nil
            return request
        }
        request.topics = try Self.partitions(offsets).map { name, partitions in
            var topic = OffsetFetchRequest.OffsetFetchRequestTopics()
            topic.name = name
            topic.partitionIndexes = partitions.map(\.partition)
            return topic
        }
        return request
    }

    typealias PartitionRow = (partition: Int32, offset: Int64)

    /// `orders/0:42`, by topics in the order in which they stand there.
    static func partitions(
        _ list: [String]
    ) throws(TranscriptError) -> [(topic: String, partitions: [PartitionRow])] {
        var topics: [(topic: String, partitions: [PartitionRow])] = []
        for text in list {
            let parts = text.split { "/:".contains($0) }
            guard parts.count >= 2, let partition = Int32(parts[1]) else {
                throw TranscriptError("\(text) is no partition")
            }
            let row = (partition, parts.count > 2 ? Int64(parts[2]) ?? 0 : 0)
            if let place = topics.firstIndex(where: { $0.topic == parts[0] }) {
                topics[place].partitions.append(row)
            } else {
                topics.append((String(parts[0]), [row]))
            }
        }
        return topics
    }
}
