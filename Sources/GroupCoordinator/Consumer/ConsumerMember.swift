import Bytes
import KafkaProtocolMore

/// A member of a group that the broker assigns for.
struct ConsumerMember: Sendable, Equatable {
    var id: Name
    var metadata = Metadata()
    var current = CurrentAssignment()

    /// What a member says about itself.
    struct Metadata: Sendable, Equatable {
        /// What a static member is known by over restarts.
        var instanceID: Name?
        var rackID: Name?
        var clientID: Name = ""
        var host = ""
        /// By name, besides what the pattern matches.
        var topics: Set<Name> = []
        /// A regular expression; nil where there is none.
        var pattern: Name?
        /// Milliseconds; -1 where it is not known.
        var rebalanceTimeout: Int32 = -1
        /// Which way of assigning it would like.
        var assignor: Name?
        /// Of a member that speaks the classic protocol.
        var classic: ClassicSide?
    }

    /// What the classic protocol needs.
    struct ClassicSide: Sendable, Equatable {
        /// Milliseconds.
        var sessionTimeout: Int32
        /// The most preferred first.
        var protocols: [ClassicProtocol]
    }

    var isClassic: Bool { metadata.classic != nil }

    /// Whether it has to give up partitions within its rebalance timeout. Those of the classic protocol have to join instead.
    var mustRevoke: Bool { !isClassic && current.state == .unrevoked }

    /// Everything that nobody else may have: its own, and what it has to give up yet.
    var held: [TopicIDPartition] { current.assigned.each + current.revoking.each }
}

extension ConsumerMember.Metadata {
    /// Takes up what a request says; what it leaves out stays as it is.
    mutating func update(_ request: ConsumerGroupHeartbeatRequest, _ client: GroupClient) {
        instanceID = request.instance ?? instanceID
        rackID = request.rackId.map { Name($0) } ?? rackID
        clientID = Name(client.clientID)
        host = client.host
        if let names = request.subscribedTopicNames { topics = Set(names.map { Name($0) }) }
        if let expression = request.subscribedTopicRegex { pattern = expression.isEmpty ? nil : Name(expression) }
        if request.rebalanceTimeoutMs != -1 { rebalanceTimeout = request.rebalanceTimeoutMs }
        assignor = request.serverAssignor.map { Name($0) } ?? assignor
        classic = nil
    }

    /// Takes up what a member that speaks the classic protocol says.
    mutating func update(_ request: JoinGroupRequest, _ subscription: ClassicSubscription, _ client: GroupClient) {
        instanceID = request.instance ?? instanceID
        rackID = subscription.rackID.map { Name($0) } ?? rackID
        clientID = Name(client.clientID)
        host = client.host
        topics = Set(subscription.topics)
        pattern = nil
        rebalanceTimeout = Int32(clamping: request.timeouts.rebalance)
        assignor = nil
        classic = .init(sessionTimeout: request.sessionTimeoutMs, protocols: request.classicProtocols)
    }
}

// MARK: What is stored

extension ConsumerMember.Metadata {
    init(_ value: ConsumerGroupMemberMetadataValue) {
        instanceID = value.instanceId.map { Name($0) }
        rackID = value.rackId.map { Name($0) }
        clientID = Name(value.clientId)
        host = value.clientHost
        topics = Set(value.subscribedTopicNames.map { Name($0) })
        pattern = value.subscribedTopicRegex.flatMap { $0.isEmpty ? nil : Name($0) }
        rebalanceTimeout = value.rebalanceTimeoutMs
        assignor = value.serverAssignor.map { Name($0) }
        classic = value.classicMemberMetadata.map { stored in
            .init(
                sessionTimeout: stored.sessionTimeoutMs,
                protocols: stored.supportedProtocols.map { ClassicProtocol(name: Name($0.name), metadata: $0.metadata) }
            )
        }
    }

    var value: ConsumerGroupMemberMetadataValue {
        var value = ConsumerGroupMemberMetadataValue()
        value.instanceId = instanceID?.text
        value.rackId = rackID?.text
        value.clientId = clientID.text
        value.clientHost = host
        value.subscribedTopicNames = topics.sorted().map(\.text)
        value.subscribedTopicRegex = pattern?.text ?? ""
        value.rebalanceTimeoutMs = rebalanceTimeout
        value.serverAssignor = assignor?.text
        value.classicMemberMetadata = classic.map { classic in
            var stored = ConsumerGroupMemberMetadataValue.ClassicMemberMetadata()
            stored.sessionTimeoutMs = classic.sessionTimeout
            stored.supportedProtocols = classic.protocols.map { offered in
                var row = ConsumerGroupMemberMetadataValue.ClassicProtocol()
                (row.name, row.metadata) = (offered.name.text, offered.metadata)
                return row
            }
            return stored
        }
        return value
    }
}

extension CurrentAssignment {
    init(_ value: ConsumerGroupCurrentMemberAssignmentValue) {
        self.init(
            state: State(rawValue: value.state) ?? .unknown, epoch: value.memberEpoch,
            previousEpoch: value.previousMemberEpoch,
            assigned: CurrentAssignment.read(value.assignedPartitions, epoch: value.memberEpoch),
            revoking: CurrentAssignment.read(value.partitionsPendingRevocation, epoch: value.memberEpoch))
    }

    var value: ConsumerGroupCurrentMemberAssignmentValue {
        var value = ConsumerGroupCurrentMemberAssignmentValue()
        value.memberEpoch = epoch
        value.previousMemberEpoch = previousEpoch
        value.state = state.rawValue
        value.assignedPartitions = CurrentAssignment.rows(assigned)
        value.partitionsPendingRevocation = CurrentAssignment.rows(revoking)
        return value
    }

    /// Before 4.3 Kafka stored no epochs of partitions.
    private static func read(
        _ rows: [ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions], epoch: Int32
    ) -> DatedPartitions {
        var result: DatedPartitions = [:]
        for row in rows where !row.partitions.isEmpty {
            let epochs = row.assignmentEpochs ?? []
            for (place, partition) in row.partitions.enumerated() {
                result[row.topicId, default: [:]][partition] = place < epochs.count ? epochs[place] : epoch
            }
        }
        return result
    }

    private static func rows(_ partitions: DatedPartitions)
        -> [ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions]
    {
        partitions.sorted { $0.key < $1.key }.map { topic, epochs in
            let ordered = epochs.sorted { $0.key < $1.key }
            var row = ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions()
            row.topicId = topic
            row.partitions = ordered.map(\.key)
            row.assignmentEpochs = ordered.map(\.value)
            return row
        }
    }
}
