import Bytes
import KafkaProtocol
import KafkaProtocolMore

@testable import GroupCoordinator

/// A member of the classic protocol, as a consumer is one that gives up partitions cooperatively.
final class ClassicClient {
    let bench: GroupBench
    let group: String
    var id: String
    let instance: String?
    let topics: [String]
    var protocols: [String]
    private(set) var generation: Int32 = -1
    private(set) var owned: [String: Set<Int32>] = [:]

    init(
        _ bench: GroupBench, _ topics: [String], id: String = "", group: String = "g", instance: String? = nil,
        protocols: [String] = ["range"]
    ) {
        self.bench = bench
        self.topics = topics
        self.id = id
        self.group = group
        self.instance = instance
        self.protocols = protocols
    }

    var client: GroupClient { GroupClient(version: 5, clientID: "classic", host: "/127.0.0.1") }

    // MARK: Join

    var joinRequest: JoinGroupRequest {
        var request = JoinGroupRequest()
        request.groupId = group
        request.memberId = id
        request.groupInstanceId = instance
        request.sessionTimeoutMs = 10_000
        request.rebalanceTimeoutMs = 20_000
        request.protocolType = "consumer"
        request.protocols = protocols.map { name in
            var row = JoinGroupRequest.JoinGroupRequestProtocol()
            (row.name, row.metadata) = (name, subscription)
            return row
        }
        return request
    }

    private var subscription: [UInt8] {
        var subscription = ConsumerProtocolSubscription()
        subscription.topics = topics
        subscription.ownedPartitions = owned.sorted { $0.key < $1.key }.map { topic, partitions in
            var row = ConsumerProtocolSubscription.TopicPartition()
            (row.topic, row.partitions) = (topic, partitions.sorted())
            return row
        }
        subscription.generationId = generation
        var writer = ByteWriter()
        writer.write(Int16(2))
        try? subscription.encode(into: &writer, version: 2)
        return writer.bytes
    }

    func sendJoin(_ request: JoinGroupRequest) throws -> UInt64 { try bench.send(.joinGroup(request, client)) }

    /// - Returns: nil while the answer is waited for.
    func joinAnswer(to token: UInt64) throws -> JoinGroupResponse? {
        guard case .joinGroup(let response)? = try bench.answer(to: token) else { return nil }
        if response.errorCode == 0 || response.errorCode == ErrorCode.memberIdRequired.rawValue {
            id = response.memberId
        }
        if response.errorCode == 0 { generation = response.generationId }
        return response
    }

    /// Joins a group that answers at once, in two steps if it has no id.
    @discardableResult
    func join() throws -> JoinGroupResponse? {
        let response = try joinAnswer(to: sendJoin(joinRequest))
        guard response?.errorCode == ErrorCode.memberIdRequired.rawValue else { return response }
        return try joinAnswer(to: sendJoin(joinRequest))
    }

    // MARK: Sync

    func syncRequest(_ assignments: [String: [UInt8]] = [:]) -> SyncGroupRequest {
        var request = SyncGroupRequest()
        request.groupId = group
        request.memberId = id
        request.groupInstanceId = instance
        request.generationId = generation
        request.protocolType = "consumer"
        request.protocolName = protocols.first
        request.assignments = assignments.sorted { $0.key < $1.key }.map { member, bytes in
            var row = SyncGroupRequest.SyncGroupRequestAssignment()
            (row.memberId, row.assignment) = (member, bytes)
            return row
        }
        return request
    }

    @discardableResult
    func sync(_ assignments: [String: [UInt8]] = [:]) throws -> SyncGroupResponse {
        try send(syncRequest(assignments))
    }

    func send(_ request: SyncGroupRequest) throws -> SyncGroupResponse {
        guard case .syncGroup(let response)? = try bench.ask(.syncGroup(request, client)) else {
            throw BenchError.noAnswer
        }
        if response.errorCode == 0 { adopt(response.assignment) }
        return response
    }

    private func adopt(_ bytes: [UInt8]) {
        owned = [:]
        let assignment: ConsumerProtocolAssignment? = bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard let version = try? cursor.int16() else { return nil }
            return try? ConsumerProtocolAssignment(from: &cursor, version: version)
        }
        for row in assignment?.assignedPartitions ?? [] { owned[row.topic] = Set(row.partitions) }
    }

    static func assignment(_ topic: String, _ partitions: [Int32], userData: [UInt8]? = nil) -> [UInt8] {
        var assignment = ConsumerProtocolAssignment()
        var row = ConsumerProtocolAssignment.TopicPartition()
        (row.topic, row.partitions) = (topic, partitions)
        assignment.assignedPartitions = [row]
        assignment.userData = userData
        var writer = ByteWriter()
        writer.write(Int16(1))
        try? assignment.encode(into: &writer, version: 1)
        return writer.bytes
    }

    // MARK: Heartbeat, leave

    func beat(generation: Int32? = nil) throws -> ErrorCode {
        var request = HeartbeatRequest()
        request.groupId = group
        request.memberId = id
        request.groupInstanceId = instance
        request.generationId = generation ?? self.generation
        guard case .heartbeat(let response)? = try bench.ask(.heartbeat(request, client)) else {
            throw BenchError.noAnswer
        }
        return ErrorCode(rawValue: response.errorCode)
    }

    @discardableResult
    func leave(_ id: String? = nil, instance: String? = nil) throws -> ErrorCode {
        var identity = LeaveGroupRequest.MemberIdentity()
        identity.memberId = id ?? self.id
        identity.groupInstanceId = instance
        var request = LeaveGroupRequest()
        request.groupId = group
        request.members = [identity]
        guard case .leaveGroup(let response)? = try bench.ask(.leaveGroup(request, client)) else {
            throw BenchError.noAnswer
        }
        return ErrorCode(rawValue: response.members.first?.errorCode ?? response.errorCode)
    }

    /// What a client does on a heartbeat: joins where it is told to, and syncs.
    func work() throws {
        guard try beat() == .rebalanceInProgress else { return }
        if let response = try join(), response.errorCode == 0 { try sync() }
    }
}
