import Bytes
import Coordination
import KafkaProtocol
import KafkaProtocolMore

/// Who is alive in a classic group, and who goes.
extension GroupMachine {
    /// A member has shown that it is alive.
    mutating func heardOf(
        _ id: Name, of group: ClassicGroup, named name: Name, _ effects: inout Effects<GroupMachine>
    ) {
        guard let member = group[id] else { return }
        effects.schedule(.classicMember(name, member: id), after: member.sessionTimeout)
    }

    mutating func heartbeat(
        _ request: HeartbeatRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        var response = HeartbeatResponse()
        guard !request.groupId.isEmpty else {
            response.errorCode = ErrorCode.invalidGroupId.rawValue
            return effects.reply(token, .heartbeat(response))
        }
        switch groups[request.group] {
        case nil: response.errorCode = ErrorCode.unknownMemberId.rawValue
        case .consumer(let group): return heartbeatConsumer(group, request, client, token, &effects)
        case .classic(let group):
            var error = group.check(request.member, request.instance)
            if error == .none, group.state == .empty { error = .unknownMemberId }
            if error == .none, request.generationId != group.generation { error = .illegalGeneration }
            if error == .none {
                heardOf(request.member, of: group, named: request.group, &effects)
                if group.state == .preparing { error = .rebalanceInProgress }
            }
            response.errorCode = error.rawValue
        }
        effects.reply(token, .heartbeat(response))
    }

    // MARK: Leaving

    mutating func leave(
        _ request: LeaveGroupRequest, _ client: GroupClient, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>
    ) {
        var response = LeaveGroupResponse()
        guard !request.groupId.isEmpty else {
            response.errorCode = ErrorCode.invalidGroupId.rawValue
            return effects.reply(token, .leaveGroup(response))
        }
        switch groups[request.group] {
        case nil: response.members = request.leaving(client.version).map { $0.left(.unknownMemberId) }
        case .consumer(let group): return leaveConsumer(group, request, client, token, &effects)
        case .classic(let group):
            for identity in request.leaving(client.version) {
                response.members.append(identity.left(leave(identity, group, request.group, &effects)))
            }
            completeJoinIfAllAreThere(request.group, group, &effects)
        }
        effects.reply(token, .leaveGroup(response.flattened(for: client.version)))
    }

    private mutating func leave(
        _ identity: LeaveGroupRequest.MemberIdentity, _ group: ClassicGroup, _ name: Name,
        _ effects: inout Effects<GroupMachine>
    ) -> ErrorCode {
        var id = identity.member
        if id.isEmpty, let instance = identity.instance {
            guard let current = group.instances[instance] else { return .unknownMemberId }
            id = current
        } else if group.pendingMembers.remove(id) != nil {
            effects.cancel(.classicMember(name, member: id))
            return .none
        }
        let error = group.check(id, identity.instance)
        guard error == .none else { return error }
        let (reason, member) = (identity.reason ?? "asked to leave", group[id]?.noted)
        note(.left, member, reason, of: name, group, effects.now)
        removeMember(id, of: group, name, &effects)
        rebalance(name, group, because: "member \(id) left: \(reason)", by: member, &effects)
        return .none
    }

    /// Takes a member out; whoever waits in its name is told.
    mutating func removeMember(
        _ id: Name, of group: ClassicGroup, _ name: Name, _ effects: inout Effects<GroupMachine>
    ) {
        effects.cancel(.classicMember(name, member: id))
        guard let member = group.remove(id) else { return }
        if let joining = member.joining {
            effects.reply(joining.token, .joinGroup(.refusal(.unknownMemberId, joining.version)))
        }
        if let syncing = member.syncing { effects.reply(syncing.token, .syncGroup(.refusal(.unknownMemberId))) }
    }

    mutating func classicMemberExpired(_ name: Name, _ id: Name, _ effects: inout Effects<GroupMachine>) {
        // It may have become a consumer group since.
        guard case .classic(let group) = groups[name] else { return }
        if group.pendingMembers.remove(id) != nil {
            return completeJoinIfAllAreThere(name, group, &effects)
        }
        guard let member = group[id], member.hasSession else { return }
        let reason =
            member.isNew ? "its join was never answered" : "no heartbeat for \(member.sessionTimeout) ms"
        note(.evicted, member.noted, reason, of: name, group, effects.now)
        removeMember(id, of: group, name, &effects)
        rebalance(name, group, because: "member \(id) was not heard of", by: member.noted, &effects)
        completeJoinIfAllAreThere(name, group, &effects)
    }

    // MARK: The group itself

    mutating func applyClassic(_ name: Name, _ value: GroupMetadataValue?, in version: StateVersion) {
        switch groups[name] {
        // Written when a group changed its protocol; what the group is now other records say.
        case .consumer where value == nil: return
        default: groups.set(name, value.map { .classic(ClassicGroup($0)) }, in: version)
        }
    }

    mutating func classicLoaded(_ name: Name, _ group: ClassicGroup, _ effects: inout Effects<GroupMachine>) {
        startDeadlines(of: name, group, &effects)
        if group.members.count > rules.maximumSize {
            rebalance(
                name, group, because: "it has more members than group.max.size allows", by: nil, &effects)
        }
    }

    /// Sets the deadlines that a group needs and does not have.
    mutating func startDeadlines(of name: Name, _ group: ClassicGroup, _ effects: inout Effects<GroupMachine>) {
        for member in group.members.values where member.hasSession {
            let timer = GroupTimer.classicMember(name, member: member.id)
            if effects.deadline(of: timer) == nil { effects.schedule(timer, after: member.sessionTimeout) }
        }
        // The time of ids that have no deadline was up while the group was another.
        group.pendingMembers = group.pendingMembers.filter {
            effects.deadline(of: .classicMember(name, member: $0)) != nil
        }
        let wait = max(group.rebalanceTimeout, GroupMachine.absencePause)
        if group.state == .preparing, effects.deadline(of: .classicJoin(name)) == nil {
            effects.schedule(.classicJoin(name), after: group.initialJoin == nil ? wait : rules.initialRebalanceDelay)
        }
        if group.isAwaitingSync, effects.deadline(of: .classicSync(name)) == nil {
            effects.schedule(.classicSync(name), after: wait)
        }
    }

    /// Ends an empty group; with `protocolType` nil nothing was ever stored of it.
    mutating func removeClassic(_ name: Name, _ group: ClassicGroup, _ effects: inout Effects<GroupMachine>) {
        effects.write(.classicGroup(name, nil))
        groups.set(name, nil, in: effects.version)
    }

    mutating func note(
        _ kind: GroupEvent.Kind, _ member: NotedMember?, _ reason: String, of name: Name, _ group: ClassicGroup,
        _ now: CoordinatorTime
    ) {
        note(
            GroupEvent(time: now.wall, generation: group.generation, kind: kind, member: member, reason: reason),
            of: name)
    }
}

extension LeaveGroupRequest {
    /// Up to version 2 one member leaves, without an instance id.
    func leaving(_ version: Int16) -> [MemberIdentity] {
        guard version < 3 else { return members }
        var identity = MemberIdentity()
        identity.memberId = memberId
        return [identity]
    }
}

extension LeaveGroupRequest.MemberIdentity {
    func left(_ error: ErrorCode) -> LeaveGroupResponse.MemberResponse {
        var row = LeaveGroupResponse.MemberResponse()
        row.memberId = memberId
        row.groupInstanceId = groupInstanceId
        row.errorCode = error.rawValue
        return row
    }
}

extension LeaveGroupResponse {
    /// Up to version 2 the one member's error is the answer's.
    func flattened(for version: Int16) -> LeaveGroupResponse {
        guard version < 3 else { return self }
        var response = LeaveGroupResponse()
        response.errorCode = errorCode != 0 ? errorCode : members.first?.errorCode ?? 0
        return response
    }
}
