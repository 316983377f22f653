import Bytes
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Transcripts

@testable import GroupCoordinator

/// Stories about groups. Askers behave as good clients do unless the story says otherwise: who was told its member id,
/// generation and protocol sends them, and joins again with the protocols and timeouts of last time.
struct GroupTranscripts: TranscriptAdapter {
    private var rules = GroupRules()
    private var image = ClusterImage.empty
    private var clients: [String: Client] = [:]
    private var topicNames: [UUID: String] = [:]

    struct Client {
        var member = ""
        var generation: Int32 = -1
        var instance: String?
        var protocolType: String?
        var protocolName: String?
        var type = "consumer"
        var protocols = "range:orders"
        /// What it has by the consumer protocol, by topics.
        var owned: [ConsumerGroupHeartbeatResponse.TopicPartitions] = []
        var session: Int32 = 10_000
        var rebalance: Int32 = 20_000
    }

    func makeMachine() -> GroupMachine { GroupMachine(image: image, rules: rules, patterns: PrefixPatterns()) }

    mutating func command(_ line: inout TranscriptLine) throws(TranscriptError) -> GroupCommand {
        switch line.verb {
        case "rules": return .rulesChanged(try rules(&line))
        case "topics": return try topics(&line)
        default: break
        }
        guard let asker = line.asker else { throw TranscriptError("who asks for \(line.verb)?") }
        return try command(&line, of: asker)
    }

    private mutating func command(
        _ line: inout TranscriptLine, of asker: String
    ) throws(TranscriptError) -> GroupCommand {
        var client = clients[asker] ?? Client()
        defer { clients[asker] = client }
        let group = line.text("group") ?? "g"
        let newest: [String: Int16] = [
            "join": 9, "sync": 5, "heartbeat": 4, "leave": 5, "commit": 9, "describe": 6, "consume": 1,
        ]
        let version = try line.number("v", newest[line.verb] ?? 0)
        let sender = GroupClient(version: version, clientID: line.text("client") ?? asker, host: "/10.0.0.1")
        switch line.verb {
        case "join": return .joinGroup(try join(&line, group, version, &client), sender)
        case "sync": return .syncGroup(try sync(&line, group, version, client), sender)
        case "heartbeat":
            var request = HeartbeatRequest()
            request.groupId = group
            request.memberId = line.text("member") ?? client.member
            request.generationId = try line.number("generation", client.generation)
            request.groupInstanceId = line.text("instance") ?? client.instance
            return .heartbeat(request, sender)
        case "leave": return .leaveGroup(leave(&line, group, version, client), sender)
        case "commit": return .commitOffsets(try commit(&line, group, client), sender)
        case "fetch": return .fetchOffsets(try fetch(&line, group), sender)
        case "delete-offsets":
            var request = OffsetDeleteRequest()
            request.groupId = group
            request.topics = try Self.partitions(line.list("offsets") ?? []).map { name, partitions in
                var topic = OffsetDeleteRequest.OffsetDeleteRequestTopic()
                topic.name = name
                topic.partitions = partitions.map { row in
                    var partition = OffsetDeleteRequest.OffsetDeleteRequestPartition()
                    partition.partitionIndex = row.partition
                    return partition
                }
                return topic
            }
            return .deleteOffsets(request)
        case "describe": return .describeGroup(group, sender)
        case "list":
            var request = ListGroupsRequest()
            request.statesFilter = line.list("states") ?? []
            request.typesFilter = line.list("types") ?? []
            return .listGroups(request)
        case "delete": return .deleteGroup(group)
        case "explain": return .explainGroup(group)
        case "consume": return .consumerGroupHeartbeat(try consume(&line, group, asker, &client), sender)
        case "describe-consumer": return .describeConsumerGroup(group)
        default: throw TranscriptError("nobody can ask for \(line.verb)")
        }
    }

    // MARK: What nobody waits for

    private mutating func rules(_ line: inout TranscriptLine) throws(TranscriptError) -> GroupRules {
        rules.maximumSize = try line.number("group.max.size", rules.maximumSize)
        rules.initialRebalanceDelay = try line.number("group.initial.rebalance.delay.ms", rules.initialRebalanceDelay)
        rules.offsetRetention = try line.number("offsets.retention.minutes", rules.offsetRetention / 60_000) * 60_000
        rules.maximumMetadataBytes = try line.number("offset.metadata.max.bytes", rules.maximumMetadataBytes)
        rules.maximumConsumerSize = try line.number("group.consumer.max.size", rules.maximumConsumerSize)
        if let protocols = line.list("group.coordinator.rebalance.protocols") {
            rules.servesConsumerProtocol = protocols.contains("consumer")
        }
        if let policy = line.text("group.consumer.migration.policy") {
            rules.migration = GroupRules.Migration(rawValue: policy) ?? rules.migration
        }
        return rules
    }

    /// `topics create orders 4`, with four partitions; `topics delete orders`.
    private mutating func topics(_ line: inout TranscriptLine) throws(TranscriptError) -> GroupCommand {
        let words = line.takeWords()
        guard words.count >= 2 else { throw TranscriptError("which topic?") }
        var records: [MetadataRecord] = []
        switch words[0] {
        case "create":
            let id = UUID(high: 7, low: UInt64(image.position.offset + 2))
            topicNames[id] = words[1]
            records.append(.topic(TopicRecord(name: words[1], id: id)))
            for partition in 0..<(words.count > 2 ? Int32(words[2]) ?? 0 : 0) {
                let state = PartitionState(replicas: [1], directories: [.zero], inSyncReplicas: [1], leader: 1)
                records.append(.partition(PartitionRecord(topicId: id, partition: partition, state: state)))
            }
        case "delete":
            records.append(.topicRemoval(TopicRemovalRecord(topicId: image.topics.id(of: words[1]) ?? .zero)))
        default: throw TranscriptError("topics cannot \(words[0])")
        }
        var delta = ClusterDelta(base: image)
        do throws(MetadataReplayError) {
            try delta.replay(
                MetadataBatch(firstOffset: image.position.offset + 1, controllerEpoch: 1, time: 0, records: records))
        } catch {
            throw TranscriptError("\(error)")
        }
        image = delta.image
        return .metadataChanged(image, removedTopics: Set(delta.removedTopics.values.map { Name($0) }))
    }

    // MARK: Answers

    mutating func describe(_ reply: GroupReply, to asker: String) -> TranscriptReply {
        remember(reply, asker)
        var text = GroupText.reply(reply)
        text.details = named(text.details)
        return text
    }

    func describe(_ record: GroupRecord) -> TranscriptRecord {
        var text = GroupText.record(record)
        text.value = text.value.map(named)
        return text
    }

    /// A text with the names of topics in place of their ids.
    private func named(_ text: String) -> String {
        topicNames.reduce(text) { $0.replacing($1.key.description, with: $1.value) }
    }

    func states(of machine: GroupMachine) -> [String: String] {
        machine.list(ListGroupsRequest()).reduce(into: [:]) { $0[$1.groupId] = $1.groupState }
    }

    private mutating func remember(_ reply: GroupReply, _ asker: String) {
        if case .consumerGroupHeartbeat(let response) = reply, response.errorCode == 0 {
            clients[asker]?.member = response.memberId ?? asker
            clients[asker]?.generation = response.memberEpoch
            if let assignment = response.assignment { clients[asker]?.owned = assignment.topicPartitions }
        }
        guard case .joinGroup(let response) = reply else { return }
        if response.errorCode == 0 || response.errorCode == ErrorCode.memberIdRequired.rawValue {
            clients[asker]?.member = response.memberId
        }
        guard response.errorCode == 0 else { return }
        clients[asker]?.generation = response.generationId
        clients[asker]?.protocolType = response.protocolType
        clients[asker]?.protocolName = response.protocolName
    }

    func id(of topic: String) -> UUID { image.topics.id(of: topic) ?? .zero }

    /// The id of a member that a story names by its asker.
    func member(_ name: String) -> String {
        guard let member = clients[name]?.member, !member.isEmpty else { return name }
        return member
    }
}
