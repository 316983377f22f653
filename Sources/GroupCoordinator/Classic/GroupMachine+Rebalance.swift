import Bytes
import Coordination
import KafkaProtocol
import KafkaProtocolMore

/// The rebalance of a classic group: gather the members, begin a generation, hand out the assignments.
extension GroupMachine {
    /// The least time between two attempts at something that may go on to be impossible (a static member is away, the log takes
    /// no records), in milliseconds: members may ask to be waited for for none.
    static let absencePause: Int64 = 1_000

    /// Begins a rebalance, unless one is gathering members already.
    ///
    /// - Parameter member: who caused it, where that was one.
    mutating func rebalance(
        _ name: Name, _ group: ClassicGroup, because reason: String, by member: NotedMember?,
        _ effects: inout Effects<GroupMachine>
    ) {
        guard group.state != .preparing else { return }
        if group.state == .completing { endSync(group, name, .rebalanceInProgress, &effects) }
        effects.cancel(.classicSync(name))
        if group.state == .empty {
            let delay = rules.initialRebalanceDelay
            group.initialJoin = .init(remaining: max(group.rebalanceTimeout - delay, 0))
            effects.schedule(.classicJoin(name), after: delay)
        } else {
            effects.schedule(.classicJoin(name), after: group.rebalanceTimeout)
        }
        group.enter(.preparing, at: effects.now.wall)
        note(.rebalanceStarted, member, reason, of: name, group, effects.now)
    }

    mutating func completeJoinIfAllAreThere(
        _ name: Name, _ group: ClassicGroup, _ effects: inout Effects<GroupMachine>
    ) {
        guard group.state == .preparing, group.initialJoin == nil, group.isAwaitingNobody else { return }
        completeJoin(name, group, &effects)
    }

    /// The time for joining is up.
    mutating func joinPhaseEnded(_ name: Name, _ effects: inout Effects<GroupMachine>) {
        guard case .classic(let group) = groups[name], group.state == .preparing else { return }
        if let initial = group.initialJoin, initial.hasNewMember, initial.remaining > 0 {
            let delay = min(rules.initialRebalanceDelay, initial.remaining)
            group.initialJoin = .init(remaining: max(initial.remaining - rules.initialRebalanceDelay, 0))
            return effects.schedule(.classicJoin(name), after: delay)
        }
        completeJoin(name, group, &effects)
    }

    private mutating func completeJoin(
        _ name: Name, _ group: ClassicGroup, _ effects: inout Effects<GroupMachine>
    ) {
        group.initialJoin = nil
        for member in group.orderedMembers where !member.isJoining && member.instanceID == nil {
            effects.cancel(.classicMember(name, member: member.id))
            group.remove(member.id)
            note(.evicted, member.noted, "did not join the rebalance in time", of: name, group, effects.now)
        }
        // Static members are waited for until their session ends.
        guard group.members.isEmpty || group.electJoinedLeader() else {
            return effects.schedule(.classicJoin(name), after: max(group.rebalanceTimeout, GroupMachine.absencePause))
        }
        effects.cancel(.classicJoin(name))
        group.beginGeneration(at: effects.now.wall)
        note(
            .rebalanceEnded, nil,
            "\(counted(group.members.count, "member")), protocol \(group.protocolName ?? "none")", of: name, group,
            effects.now)
        guard !group.members.isEmpty else {
            return effects.write(.classicGroup(name, group.record(at: effects.now.wall)))
        }
        for var member in group.orderedMembers {
            group.pendingSync.insert(member.id)
            if let joining = member.joining {
                effects.reply(joining.token, .joinGroup(group.joined(member.id, version: joining.version)))
            }
            member.joining = nil
            member.isNew = false
            group[member.id] = member
            heardOf(member.id, of: group, named: name, &effects)
        }
        effects.schedule(.classicSync(name), after: group.rebalanceTimeout)
    }

    // MARK: Assignments

    mutating func sync(
        _ request: SyncGroupRequest, _ client: GroupClient, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>
    ) {
        guard !request.groupId.isEmpty else { return effects.reply(token, .syncGroup(.refusal(.invalidGroupId))) }
        if client.version >= 5, request.protocolType == nil || request.protocolName == nil {
            return effects.reply(token, .syncGroup(.refusal(.inconsistentGroupProtocol)))
        }
        switch groups[request.group] {
        case nil: effects.reply(token, .syncGroup(.refusal(.unknownMemberId)))
        case .consumer(let group): syncConsumer(group, request, client, token, &effects)
        case .classic(let group):
            let error = check(request, group)
            guard error == .none else { return effects.reply(token, .syncGroup(.refusal(error))) }
            sync(group, request, client, token, &effects)
        }
    }

    private func check(_ request: SyncGroupRequest, _ group: ClassicGroup) -> ErrorCode {
        let error = group.check(request.member, request.instance)
        if error != .none { return error }
        if request.generationId != group.generation { return .illegalGeneration }
        if let type = request.protocolType, Name(type) != group.protocolType { return .inconsistentGroupProtocol }
        // A group has no protocol before its first generation.
        if let name = request.protocolName, Name(name) != group.protocolName ?? Name(name) {
            return .inconsistentGroupProtocol
        }
        switch group.state {
        case .empty: return .unknownMemberId
        case .preparing: return .rebalanceInProgress
        case .completing, .stable: return .none
        }
    }

    private mutating func sync(
        _ group: ClassicGroup, _ request: SyncGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        guard var member = group[request.member] else { return }
        group.pendingSync.remove(member.id)
        if group.pendingSync.isEmpty { effects.cancel(.classicSync(request.group)) }
        if group.state == .stable {
            heardOf(member.id, of: group, named: request.group, &effects)
            return effects.reply(token, .syncGroup(group.synced(member)))
        }
        if let earlier = member.syncing {
            effects.reply(earlier.token, .syncGroup(.refusal(.rebalanceInProgress)))
        }
        member.syncing = .init(token: token, version: client.version)
        group[member.id] = member
        guard group.leader == member.id else { return }
        let given = Dictionary(
            request.assignments.map { (Name($0.memberId), $0.assignment) }, uniquingKeysWith: { _, last in last })
        effects.write(
            .classicGroup(request.group, group.record(assignments: given, at: effects.now.wall)))
        effects.note(.classicGroup(request.group, .assignments(given, generation: group.generation)))
    }

    mutating func classicWriteEnded(
        _ name: Name, _ write: ClassicWrite, _ failure: CoordinatorFailure?, _ effects: inout Effects<GroupMachine>
    ) {
        guard case .classic(let group) = groups[name], case .assignments(let assignments, let generation) = write,
            group.state == .completing, group.generation == generation
        else { return }
        if let failure {
            endSync(group, name, failure.errorCode, &effects)
            return rebalance(name, group, because: "the assignment could not be stored", by: nil, &effects)
        }
        group.enter(.stable, at: effects.now.wall)
        note(
            .assigned, group.leader.flatMap { group[$0] }?.noted, "the leader's assignment is stored", of: name, group,
            effects.now)
        for var member in group.orderedMembers {
            member.assignment = assignments[member.id] ?? []
            if let syncing = member.syncing {
                effects.reply(syncing.token, .syncGroup(group.synced(member)))
                member.syncing = nil
                group[member.id] = member
                heardOf(member.id, of: group, named: name, &effects)
            } else {
                group[member.id] = member
            }
        }
    }

    /// Ends the wait for assignments without one.
    private func endSync(
        _ group: ClassicGroup, _ name: Name, _ error: ErrorCode, _ effects: inout Effects<GroupMachine>
    ) {
        for var member in group.orderedMembers {
            member.assignment = []
            if let syncing = member.syncing {
                effects.reply(syncing.token, .syncGroup(.refusal(error)))
                member.syncing = nil
                effects.schedule(.classicMember(name, member: member.id), after: member.sessionTimeout)
            }
            group[member.id] = member
        }
    }

    /// The time for asking for assignments is up: who has not asked is out.
    mutating func syncPhaseEnded(_ name: Name, _ effects: inout Effects<GroupMachine>) {
        guard case .classic(let group) = groups[name], group.isAwaitingSync else { return }
        let late = group.pendingSync.sorted()
        for id in late {
            effects.cancel(.classicMember(name, member: id))
            let member = group.remove(id)?.noted
            note(.evicted, member, "did not ask for its assignment in time", of: name, group, effects.now)
        }
        rebalance(
            name, group, because: "\(counted(late.count, "member")) did not ask for the assignment", by: nil, &effects)
        completeJoinIfAllAreThere(name, group, &effects)
    }
}

extension ClassicGroup {
    fileprivate func synced(_ member: ClassicMember) -> SyncGroupResponse {
        var response = SyncGroupResponse()
        response.protocolType = protocolType?.text
        response.protocolName = protocolName?.text
        response.assignment = member.assignment
        return response
    }
}
