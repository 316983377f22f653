import Bytes
import KafkaProtocol
import KafkaProtocolMore

/// One member of a classic group, as it speaks with the coordinator: no I/O, no clock.
///
/// It gives up all its partitions before it joins again (the eager protocol), so that nobody reads one that another has.
struct GroupMembership {
    enum State: Equatable {
        /// Not in the group. Can become `joining`.
        case outside
        /// JoinGroup is under way, or to be sent again after a wait. Can become `dividing`, `syncing`, `ended`.
        case joining
        /// It leads the group, and the sizes of topics are looked up. Can become `syncing`.
        case dividing
        /// SyncGroup is under way. Can become `stable`, `joining`, `ended`.
        case syncing
        /// It has its partitions. Can become `revoking`, `joining`, `ended`.
        case stable
        /// It stores how far it has come before it joins again. Can become `joining`.
        case revoking
        /// It left, or was refused.
        case ended
    }

    /// What is to be done next.
    enum Step: Equatable {
        case join
        /// Again, a little later: with a coordinator that is looked for anew where the one there was is none.
        case joinLater(findingCoordinator: Bool)
        /// Find out how many partitions these topics have, for `divide`.
        case lookUp(topics: [String])
        case sync(assignments: [Name: [UInt8]])
        /// These partitions are this member's from now on.
        case adopt([TopicPartition])
        /// Stop reading, store how far it has come, then `revoked`.
        case revoke
        /// Stop reading: the partitions may be another's already, and nothing can be stored.
        case abandon
        case findCoordinator
        case fail(ErrorCode)
    }

    private(set) var state = State.outside
    private(set) var memberId = ""
    private(set) var generation: Int32 = -1
    private(set) var isLeader = false
    /// What the members read, while this one divides partitions among them.
    private var members: [RangeAssignment.Member] = []
    /// The sizes by which this member divided partitions last.
    private var partitionCounts: [String: Int] = [:]

    mutating func begin() -> [Step] {
        guard state == .outside else { return [] }
        state = .joining
        return [.join]
    }

    // MARK: Joining

    mutating func joinAnswered(_ response: JoinGroupResponse) -> [Step] {
        guard state == .joining else { return [] }
        switch ErrorCode(rawValue: response.errorCode) {
        case .none: return entered(response)
        case .memberIdRequired:
            memberId = response.memberId
            return [.join]
        case .unknownMemberId where !memberId.isEmpty:
            forgetMember()
            return [.join]
        case let error where error.isRetriable || error == .rebalanceInProgress:
            return [.joinLater(findingCoordinator: error.meansOtherCoordinator)]
        case let error: return end(error)
        }
    }

    private mutating func entered(_ response: JoinGroupResponse) -> [Step] {
        memberId = response.memberId
        generation = response.generationId
        isLeader = Name(response.leader) == Name(memberId)
        guard isLeader else {
            state = .syncing
            return [.sync(assignments: [:])]
        }
        state = .dividing
        members = response.members.map {
            RangeAssignment.Member(
                id: Name($0.memberId), instanceId: $0.groupInstanceId.map { Name($0) },
                topics: ConsumerProtocolBytes.subscription($0.metadata)?.topics ?? [])
        }
        return [.lookUp(topics: Set(members.flatMap(\.topics)).sorted())]
    }

    /// Divides the partitions among the members.
    mutating func divide(_ partitionCounts: [String: Int]) -> [Step] {
        guard state == .dividing else { return [] }
        state = .syncing
        self.partitionCounts = partitionCounts
        let divided = RangeAssignment.assign(members, partitionCounts: partitionCounts)
        // Names and numbers that were read from the wire can be written to it.
        return [.sync(assignments: divided.compactMapValues { try? ConsumerProtocolBytes.bytes(assigning: $0) })]
    }

    mutating func syncAnswered(_ response: SyncGroupResponse) -> [Step] {
        guard state == .syncing else { return [] }
        switch ErrorCode(rawValue: response.errorCode) {
        case .none:
            guard let partitions = ConsumerProtocolBytes.assignment(response.assignment) else {
                return end(.unknownServerError)
            }
            state = .stable
            return [.adopt(partitions)]
        case .rebalanceInProgress:
            state = .joining
            return [.join]
        case .unknownMemberId, .illegalGeneration:
            forgetMember()
            state = .joining
            return [.join]
        case let error where error.isRetriable:
            state = .joining
            return [.joinLater(findingCoordinator: error.meansOtherCoordinator)]
        case let error: return end(error)
        }
    }

    // MARK: Being a member

    /// A heartbeat or a commit was answered.
    mutating func answered(_ error: ErrorCode) -> [Step] {
        guard state == .stable else { return [] }
        switch error {
        case .rebalanceInProgress: return giveUp()
        case .unknownMemberId, .illegalGeneration: return lost()
        case .fencedInstanceId, .groupAuthorizationFailed, .topicAuthorizationFailed: return end(error)
        case _ where error.meansOtherCoordinator: return [.findCoordinator]
        default: return []
        }
    }

    /// A topic has another number of partitions than when this member divided them.
    mutating func partitionCountsChanged(_ current: [String: Int]) -> [Step] {
        guard state == .stable, isLeader else { return [] }
        let isOther = partitionCounts.contains { topic, count in current[topic].map { $0 != count } ?? false }
        return isOther ? giveUp() : []
    }

    /// Nothing was heard of the coordinator for as long as a session lasts: it will have given the partitions away.
    mutating func sessionEnded() -> [Step] { state == .stable ? lost() : [] }

    private mutating func giveUp() -> [Step] {
        state = .revoking
        return [.revoke]
    }

    private mutating func lost() -> [Step] {
        forgetMember()
        state = .joining
        return [.abandon, .join]
    }

    /// What was read is stored, as far as that could be.
    mutating func revoked() -> [Step] {
        guard state == .revoking else { return [] }
        state = .joining
        return [.join]
    }

    /// A request to join or to sync got no answer.
    mutating func unreachable() -> [Step] {
        guard state == .joining || state == .dividing || state == .syncing else { return [] }
        state = .joining
        return [.joinLater(findingCoordinator: true)]
    }

    mutating func end() { state = .ended }

    private mutating func end(_ error: ErrorCode) -> [Step] {
        state = .ended
        return [.fail(error)]
    }

    private mutating func forgetMember() {
        memberId = ""
        generation = -1
        isLeader = false
    }
}
