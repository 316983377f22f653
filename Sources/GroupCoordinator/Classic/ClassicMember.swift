import Bytes
import Coordination
import KafkaProtocolMore

/// A way of assigning that a member knows, with what it has to say for it.
struct ClassicProtocol: Equatable {
    var name: Name
    var metadata: [UInt8]
}

/// A member of a classic group.
struct ClassicMember {
    var id: Name
    /// What a static member is known by over restarts.
    let instanceID: Name?
    var clientID: String
    var host: String
    /// Milliseconds.
    var rebalanceTimeout: Int64
    /// Milliseconds.
    var sessionTimeout: Int64
    let protocolType: Name
    /// The most preferred first.
    var protocols: [ClassicProtocol]
    var assignment: [UInt8] = []
    /// Has joined, and not got its first answer yet.
    var isNew = true
    /// Who waits for the join, or the assignment, to be answered.
    var joining: Waiting?
    var syncing: Waiting?
    /// By which members are ordered; the group gives it.
    var order: UInt64 = 0

    struct Waiting {
        var token: ReplyToken
        /// Of the request.
        var version: Int16
    }

    init(_ request: JoinGroupRequest, _ client: GroupClient, id: Name) {
        self.id = id
        instanceID = request.instance
        clientID = client.clientID
        host = client.host
        (sessionTimeout, rebalanceTimeout) = request.timeouts
        protocolType = Name(request.protocolType)
        protocols = request.classicProtocols
    }

    init(
        _ stored: GroupMetadataValue.MemberMetadata, protocolType: Name, protocolName: Name, order: UInt64
    ) {
        id = Name(stored.memberId)
        instanceID = stored.groupInstanceId.map { Name($0) }
        clientID = stored.clientId
        host = stored.clientHost
        sessionTimeout = Int64(stored.sessionTimeout)
        rebalanceTimeout = Int64(stored.rebalanceTimeout < 0 ? stored.sessionTimeout : stored.rebalanceTimeout)
        self.protocolType = protocolType
        protocols = [ClassicProtocol(name: protocolName, metadata: stored.subscription)]
        assignment = stored.assignment
        isNew = false
        self.order = order
    }

    var isJoining: Bool { joining != nil }
    /// Whether it waits for an answer of ours, and so cannot be expected to say that it is alive.
    var isWaiting: Bool { joining != nil || syncing != nil }
    /// Whether it is out when its deadline passes: who waits for its first answer does not know its id yet, and may be gone.
    var hasSession: Bool { isNew || !isWaiting }

    func metadata(for name: Name) -> [UInt8]? { protocols.first { $0.name == name }?.metadata }

    mutating func update(_ request: JoinGroupRequest, _ client: GroupClient) {
        clientID = client.clientID
        host = client.host
        (sessionTimeout, rebalanceTimeout) = request.timeouts
        protocols = request.classicProtocols
    }

    func record(protocolName: Name, assignment: [UInt8]) -> GroupMetadataValue.MemberMetadata {
        var stored = GroupMetadataValue.MemberMetadata()
        stored.memberId = id.text
        stored.groupInstanceId = instanceID?.text
        stored.clientId = clientID
        stored.clientHost = host
        stored.rebalanceTimeout = Int32(clamping: rebalanceTimeout)
        stored.sessionTimeout = Int32(clamping: sessionTimeout)
        stored.subscription = metadata(for: protocolName) ?? []
        stored.assignment = assignment
        return stored
    }
}

extension JoinGroupRequest {
    /// Milliseconds. Version 0 has one timeout for both.
    var timeouts: (session: Int64, rebalance: Int64) {
        (Int64(sessionTimeoutMs), Int64(rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs))
    }

    var classicProtocols: [ClassicProtocol] {
        protocols.map { ClassicProtocol(name: Name($0.name), metadata: $0.metadata) }
    }
}

/// What a consumer tells the others about itself, as far as the broker looks into it: it belongs to the clients, so versions
/// that are not known yet are read by the fields that are.
struct ClassicSubscription {
    var topics: [Name]
    var ownedPartitions: [ConsumerProtocolSubscription.TopicPartition]
    var rackID: String?

    /// nil where the bytes are no subscription.
    init?(_ bytes: [UInt8]) {
        let parsed: ConsumerProtocolSubscription? = bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard let version = try? cursor.int16(), version >= 0 else { return nil }
            return try? ConsumerProtocolSubscription(
                from: &cursor, version: min(version, ConsumerProtocolSubscription.versions.upperBound))
        }
        guard let parsed else { return nil }
        topics = parsed.topics.map { Name($0) }
        ownedPartitions = parsed.ownedPartitions
        rackID = parsed.rackId
    }

    /// The topics alone: they stand first in every version, whatever a client makes of the rest. nil where the bytes are no
    /// subscription.
    static func topics(of bytes: [UInt8]) -> [Name]? {
        bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard let version = try? cursor.int16(), version >= 0 else { return nil }
            return try? ConsumerProtocolSubscription(from: &cursor, version: 0).topics.map { Name($0) }
        }
    }
}
