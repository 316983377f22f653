import Bytes
import Coordination
import KafkaProtocol
import KafkaProtocolMore

/// A group of the classic protocol, in which the members agree among themselves: the broker gathers them, one of them (the
/// leader) assigns, and the broker hands the assignments out.
///
/// Most of it is soft state: a reference that the machine changes in place. What is stored of it is written when a
/// generation has its assignment, and when the last member has left.
final class ClassicGroup {
    /// *empty* → *preparing*: members join → *completing*: the leader assigns → *stable* → *preparing* …; without members it
    /// is *empty* again.
    enum State {
        case empty
        case preparing
        case completing
        case stable

        var name: String {
            switch self {
            case .empty: "Empty"
            case .preparing: "PreparingRebalance"
            case .completing: "CompletingRebalance"
            case .stable: "Stable"
            }
        }
    }

    private(set) var state = State.empty
    /// When it came into this state, in milliseconds since 1970.
    private(set) var stateTimestamp: Int64?
    /// nil for a group that is nothing but a place for offsets.
    var protocolType: Name?
    private(set) var generation: Int32 = 0
    private(set) var protocolName: Name?
    private(set) var leader: Name?
    private(set) var members: [Name: ClassicMember] = [:]
    /// How many of them know each protocol.
    private var supporters: [Name: Int] = [:]
    /// Members that wait for their join to be answered.
    private(set) var joiningCount = 0
    /// Member ids by the instance ids of static members.
    private(set) var instances: [Name: Name] = [:]
    /// Ids that were handed out and with which nobody has joined yet.
    var pendingMembers: Set<Name> = []
    /// Members that have not asked for their assignment.
    var pendingSync: Set<Name> = []
    /// While the first rebalance waits for members.
    var initialJoin: InitialJoin?
    /// Topics that some member has subscribed to; nil where that is not known.
    private(set) var subscribedTopics: Set<Name>?
    private var joinCount: UInt64 = 0
    /// Who counts it; nil while it is none of a machine's groups.
    var tally: GroupTally?

    /// The first rebalance of a group waits a while, and a while more when members came meanwhile.
    struct InitialJoin {
        var hasNewMember = false
        /// Milliseconds that may still be added.
        var remaining: Int64
    }

    init() {}

    /// A group whose members have their assignments of a generation from elsewhere.
    init(generation: Int32, members: [ClassicMember], at now: Int64) {
        self.generation = generation
        for member in members { add(member) }
        protocolName = selectProtocol()
        subscribedTopics = parseSubscriptions()
        enter(.stable, at: now)
    }

    // MARK: States

    func enter(_ state: State, at now: Int64) {
        tally?.moved(from: self.state, to: state)
        self.state = state
        stateTimestamp = now
    }

    /// Begins the next generation, with those who are members now.
    func beginGeneration(at now: Int64) {
        generation = generation == .max ? 1 : generation + 1
        pendingSync.removeAll()
        protocolName = members.isEmpty ? nil : selectProtocol()
        subscribedTopics = parseSubscriptions()
        enter(members.isEmpty ? .empty : .completing, at: now)
    }

    // MARK: Members

    subscript(member: Name) -> ClassicMember? {
        get { members[member] }
        set {
            guard let newValue, let previous = put(newValue) else {
                preconditionFailure("members come and go by add and remove")
            }
            joiningCount += (newValue.isJoining ? 1 : 0) - (previous.isJoining ? 1 : 0)
        }
    }

    /// - Returns: what the group had of the member before.
    @discardableResult
    private func put(_ member: ClassicMember) -> ClassicMember? {
        let previous = members.updateValue(member, forKey: member.id)
        guard previous?.protocols != member.protocols else { return previous }
        if let previous { count(previous.protocols, -1) }
        count(member.protocols, 1)
        return previous
    }

    /// What is counted down to nothing is not there.
    private func count(_ protocols: [ClassicProtocol], _ change: Int) {
        for name in Set(protocols.lazy.map(\.name)) {
            let count = supporters[name, default: 0] + change
            supporters[name] = count == 0 ? nil : count
        }
    }

    /// In the order in which they came.
    var orderedMembers: [ClassicMember] { members.values.sorted { $0.order < $1.order } }

    func add(_ member: ClassicMember) {
        if members.isEmpty { protocolType = member.protocolType }
        var member = member
        joinCount += 1
        member.order = joinCount
        put(member)
        if member.isJoining { joiningCount += 1 }
        if let instance = member.instanceID { instances[instance] = member.id }
        if leader == nil { leader = member.id }
        pendingMembers.remove(member.id)
    }

    @discardableResult
    func remove(_ id: Name) -> ClassicMember? {
        pendingMembers.remove(id)
        pendingSync.remove(id)
        guard let member = members.removeValue(forKey: id) else { return nil }
        count(member.protocols, -1)
        if member.isJoining { joiningCount -= 1 }
        if let instance = member.instanceID, instances[instance] == id { instances[instance] = nil }
        if leader == id { leader = members.values.min { $0.order < $1.order }?.id }
        return member
    }

    /// Gives a static member that came back its new id.
    func replace(_ old: Name, by new: Name) {
        guard var member = members.removeValue(forKey: old) else { return }
        member.id = new
        members[new] = member
        if let instance = member.instanceID { instances[instance] = new }
        if leader == old { leader = new }
        if pendingSync.remove(old) != nil { pendingSync.insert(new) }
    }

    /// The longest that a rebalance waits for its members, in milliseconds.
    var rebalanceTimeout: Int64 { members.values.map(\.rebalanceTimeout).max() ?? 0 }

    /// Whether it is nothing but a place for offsets, and nobody is about to join.
    var isUnused: Bool { state == .empty && protocolType == nil && pendingMembers.isEmpty }

    var isAwaitingNobody: Bool { pendingMembers.isEmpty && joiningCount == members.count }

    /// Whether somebody of the generation has yet to ask for its assignment.
    var isAwaitingSync: Bool { (state == .completing || state == .stable) && !pendingSync.isEmpty }

    /// Sees to it that the leader is one who has joined; false where nobody has.
    func electJoinedLeader() -> Bool {
        if let leader, members[leader]?.isJoining == true { return true }
        guard let first = orderedMembers.first(where: \.isJoining) else { return false }
        leader = first.id
        return true
    }

    /// Whether the sender is who it claims to be.
    func check(_ member: Name, _ instance: Name?) -> ErrorCode {
        if let instance {
            guard let current = instances[instance] else { return .unknownMemberId }
            if current != member { return .fencedInstanceId }
        }
        return members[member] == nil ? .unknownMemberId : .none
    }

    func checkCommit(_ request: OffsetCommitRequest) -> ErrorCode {
        if request.generationIdOrMemberEpoch < 0, state == .empty { return .none }
        guard
            request.generationIdOrMemberEpoch >= 0 || !request.memberId.isEmpty || request.groupInstanceId != nil
        else { return .unknownMemberId }
        let error = check(request.member, request.instance)
        if error != .none { return error }
        if request.generationIdOrMemberEpoch != generation { return .illegalGeneration }
        return state == .completing ? .rebalanceInProgress : .none
    }

    // MARK: Protocols

    /// Whether somebody with these protocols can be in the group.
    func accepts(_ type: Name, _ protocols: [ClassicProtocol]) -> Bool {
        if members.isEmpty { return !type.isEmpty && !protocols.isEmpty }
        guard type == protocolType else { return false }
        return protocols.contains { isKnownToAll($0.name) }
    }

    /// The protocol that all know and most prefer; among equals the one whose voter came first.
    func selectProtocol() -> Name? {
        var votes: [(name: Name, count: Int)] = []
        for member in orderedMembers {
            guard let choice = member.protocols.first(where: { isKnownToAll($0.name) }) else { continue }
            if let place = votes.firstIndex(where: { $0.name == choice.name }) {
                votes[place].count += 1
            } else {
                votes.append((choice.name, 1))
            }
        }
        var best: (name: Name, count: Int)?
        for vote in votes where vote.count > best?.count ?? 0 { best = vote }
        return best?.name
    }

    private func isKnownToAll(_ name: Name) -> Bool { supporters[name] == members.count }

    private func parseSubscriptions() -> Set<Name>? {
        guard protocolType == "consumer", let protocolName else { return members.isEmpty ? [] : nil }
        var topics: Set<Name> = []
        for member in members.values {
            guard let subscribed = ClassicSubscription.topics(of: member.metadata(for: protocolName) ?? []) else {
                return nil
            }
            topics.formUnion(subscribed)
        }
        return topics
    }

    func isSubscribed(to topic: Name) -> Bool {
        subscribedTopics?.contains(topic) ?? (protocolType == "consumer")
    }

    // MARK: What is stored

    /// The group as its last record has it.
    init(_ value: GroupMetadataValue) {
        protocolType = value.protocolType.isEmpty ? nil : Name(value.protocolType)
        generation = value.generation
        protocolName = value.protocol.map { Name($0) }
        leader = value.leader.map { Name($0) }
        stateTimestamp = value.currentStateTimestamp < 0 ? nil : value.currentStateTimestamp
        state = value.members.isEmpty ? .empty : .stable
        for stored in value.members {
            joinCount += 1
            let member = ClassicMember(
                stored, protocolType: protocolType ?? "", protocolName: protocolName ?? "", order: joinCount)
            put(member)
            if let instance = member.instanceID { instances[instance] = member.id }
        }
        subscribedTopics = parseSubscriptions()
    }

    /// - Parameter assignments: by member; what each has already where nil.
    func record(assignments: [Name: [UInt8]]? = nil, at now: Int64) -> GroupMetadataValue {
        var value = GroupMetadataValue()
        value.protocolType = protocolType?.text ?? ""
        value.generation = generation
        value.protocol = protocolName?.text
        value.leader = leader?.text
        value.currentStateTimestamp = stateTimestamp ?? now
        value.members = orderedMembers.map { member in
            member.record(
                protocolName: protocolName ?? "",
                assignment: assignments.map { $0[member.id] ?? [] } ?? member.assignment)
        }
        return value
    }

    func description(named name: Name) -> DescribeGroupsResponse.DescribedGroup {
        var row = DescribeGroupsResponse.DescribedGroup()
        row.groupId = name.text
        row.groupState = state.name
        row.protocolType = protocolType?.text ?? ""
        let isStable = state == .stable
        if isStable { row.protocolData = protocolName?.text ?? "" }
        row.members = orderedMembers.map { member in
            var answer = DescribeGroupsResponse.DescribedGroupMember()
            answer.memberId = member.id.text
            answer.groupInstanceId = member.instanceID?.text
            answer.clientId = member.clientID
            answer.clientHost = member.host
            answer.memberAssignment = member.assignment
            if isStable { answer.memberMetadata = protocolName.flatMap(member.metadata(for:)) ?? [] }
            return answer
        }
        return row
    }
}
