public import Bytes
import Collections
import Coordination
public import KafkaProtocol
public import KafkaProtocolMore

/// Joining a classic group.
extension GroupMachine {
    /// How long somebody who joins for the first time may stay without asking again, in milliseconds: it has no id yet by which
    /// it could say that it is alive.
    static let newMemberTimeout: Int64 = 300_000

    mutating func join(
        _ request: JoinGroupRequest, _ client: GroupClient, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>
    ) {
        let session = Int64(request.sessionTimeoutMs)
        guard !request.group.isEmpty else {
            return refuse(request, client, .invalidGroupId, "the group has no name", token, &effects)
        }
        guard session >= rules.minimumSessionTimeout, session <= rules.maximumSessionTimeout else {
            let reason = """
                its session timeout of \(session) ms is not from group.min.session.timeout.ms to \
                group.max.session.timeout.ms, \(rules.minimumSessionTimeout) to \(rules.maximumSessionTimeout)
                """
            return refuse(request, client, .invalidSessionTimeout, reason, token, &effects)
        }
        switch groups[request.group] {
        case nil:
            guard request.member.isEmpty else { return refuseUnknown(request, client, token, &effects) }
            let group = ClassicGroup()
            // What nothing was stored of cannot be taken back.
            groups.set(request.group, .classic(group), in: .loaded)
            join(group, request, client, token, &effects)
        case .classic(let group): join(group, request, client, token, &effects)
        case .consumer(let group):
            if group.members.isEmpty, !request.member.isEmpty {
                return refuseUnknown(request, client, token, &effects)
            }
            if group.members.isEmpty, let classic = convertEmptyToClassic(request.group, group, &effects) {
                return join(classic, request, client, token, &effects)
            }
            joinConsumer(group, request, client, token, &effects)
        }
    }

    private mutating func join(
        _ group: ClassicGroup, _ request: JoinGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        guard hasRoom(group, for: request.member) else {
            if !request.member.isEmpty { removeMember(request.member, of: group, request.group, &effects) }
            refuseFull(request, client, "it has", token, &effects)
            return completeJoinIfAllAreThere(request.group, group, &effects)
        }
        guard group.accepts(Name(request.protocolType), request.classicProtocols) else {
            return refuse(request, client, .inconsistentGroupProtocol, group.mismatch(request), token, &effects)
        }
        let waiting = ClassicMember.Waiting(token: token, version: client.version)
        if request.member.isEmpty {
            joinNew(group, request, client, waiting, &effects)
        } else {
            joinAgain(group, request, client, waiting, &effects)
        }
        completeJoinIfAllAreThere(request.group, group, &effects)
    }

    private func hasRoom(_ group: ClassicGroup, for member: Name) -> Bool {
        switch group.state {
        case .empty: true
        case .preparing: group[member]?.isJoining == true || group.joiningCount < rules.maximumSize
        case .completing, .stable: group[member] != nil || group.members.count < rules.maximumSize
        }
    }

    // MARK: Refusing

    private mutating func refuse(
        _ request: JoinGroupRequest, _ client: GroupClient, _ error: ErrorCode, _ reason: String, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        noteRefusal(error, reason, NotedMember(request, client), of: request.group, effects.now)
        effects.reply(token, .joinGroup(.refusal(error, member: request.member, client.version)))
    }

    private mutating func refuseUnknown(
        _ request: JoinGroupRequest, _ client: GroupClient, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>
    ) {
        refuse(request, client, .unknownMemberId, "the group has no member of this id", token, &effects)
    }

    /// - Parameter what: "it has" as many members as it may, or gave out as many ids.
    private mutating func refuseFull(
        _ request: JoinGroupRequest, _ client: GroupClient, _ what: String, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        let reason = "\(what) as many members as group.max.size allows, \(rules.maximumSize)"
        noteRefusal(.groupMaxSizeReached, reason, NotedMember(request, client), of: request.group, effects.now)
        effects.reply(token, .joinGroup(.refusal(.groupMaxSizeReached, client.version)))
    }

    // MARK: For the first time

    private mutating func joinNew(
        _ group: ClassicGroup, _ request: JoinGroupRequest, _ client: GroupClient, _ waiting: ClassicMember.Waiting,
        _ effects: inout Effects<GroupMachine>
    ) {
        let id: Name = "\(request.groupInstanceId ?? client.clientID)-\(effects.makeID().hyphenated)"
        if let instance = request.instance, let old = group.instances[instance] {
            return replace(group, old, by: id, request, client, waiting, &effects)
        }
        // Since version 4 the id is handed out first, so that whoever gives up on the join is known by it (KIP-394).
        if client.version >= 4, request.groupInstanceId == nil {
            guard group.pendingMembers.count < rules.maximumSize else {
                return refuseFull(request, client, "ids were given to", waiting.token, &effects)
            }
            group.pendingMembers.insert(id)
            effects.schedule(
                .classicMember(request.group, member: id), after: Int64(request.sessionTimeoutMs))
            return effects.reply(waiting.token, .joinGroup(.refusal(.memberIdRequired, member: id, client.version)))
        }
        add(ClassicMember(request, client, id: id), to: group, request, waiting, &effects)
    }

    private mutating func add(
        _ member: ClassicMember, to group: ClassicGroup, _ request: JoinGroupRequest, _ waiting: ClassicMember.Waiting,
        _ effects: inout Effects<GroupMachine>
    ) {
        var member = member
        member.joining = waiting
        group.initialJoin?.hasNewMember = true
        group.add(member)
        effects.schedule(.classicMember(request.group, member: member.id), after: GroupMachine.newMemberTimeout)
        let reason = request.reason ?? "a new member joined"
        note(.joined, member.noted, reason, of: request.group, group, effects.now)
        rebalance(request.group, group, because: "member \(member.id) joined: \(reason)", by: member.noted, &effects)
    }

    // MARK: Again

    private mutating func joinAgain(
        _ group: ClassicGroup, _ request: JoinGroupRequest, _ client: GroupClient, _ waiting: ClassicMember.Waiting,
        _ effects: inout Effects<GroupMachine>
    ) {
        let id = request.member
        if group.pendingMembers.contains(id), request.groupInstanceId == nil {
            return add(ClassicMember(request, client, id: id), to: group, request, waiting, &effects)
        }
        let error = group.check(id, request.instance)
        guard error == .none, let member = group[id], group.state != .empty else {
            guard error == .fencedInstanceId, let holder = request.instance.flatMap({ group.instances[$0] }) else {
                return refuseUnknown(request, client, waiting.token, &effects)
            }
            return refuse(
                request, client, error, "another process is this static member now, as \(holder)", waiting.token,
                &effects)
        }
        let isUnchanged = member.protocols == request.classicProtocols
        switch group.state {
        case .empty, .preparing: rejoin(group, member, request, client, waiting, because: nil, &effects)
        case .completing where isUnchanged, .stable where isUnchanged && group.leader != id:
            // The answer to its last join may have been lost.
            heardOf(id, of: group, named: request.group, &effects)
            effects.reply(waiting.token, .joinGroup(group.joined(id, version: client.version)))
        case .completing:
            rejoin(group, member, request, client, waiting, because: "changed its subscription", &effects)
        case .stable:
            let reason = isUnchanged ? "the leader asked for it" : "changed its subscription"
            rejoin(group, member, request, client, waiting, because: request.reason ?? reason, &effects)
        }
    }

    /// - Parameter reason: nil while a rebalance is under way already.
    private mutating func rejoin(
        _ group: ClassicGroup, _ member: ClassicMember, _ request: JoinGroupRequest, _ client: GroupClient,
        _ waiting: ClassicMember.Waiting, because reason: String?, _ effects: inout Effects<GroupMachine>
    ) {
        var member = member
        member.update(request, client)
        // Who asks twice does not wait for the first answer any more; if it does read it, its id is as good as before.
        if let earlier = member.joining {
            effects.reply(earlier.token, .joinGroup(.refusal(.rebalanceInProgress, member: member.id, earlier.version)))
        }
        member.joining = waiting
        group[member.id] = member
        if let reason {
            rebalance(
                request.group, group, because: "member \(member.id) joined again: \(reason)", by: member.noted, &effects
            )
        }
    }

    // MARK: A static member that comes back

    private mutating func replace(
        _ group: ClassicGroup, _ old: Name, by id: Name, _ request: JoinGroupRequest, _ client: GroupClient,
        _ waiting: ClassicMember.Waiting, _ effects: inout Effects<GroupMachine>
    ) {
        guard var member = group[old] else { return }
        let previousLeader = group.leader ?? ""
        if let joining = member.joining {
            effects.reply(joining.token, .joinGroup(.refusal(.fencedInstanceId, member: old, joining.version)))
        }
        if let syncing = member.syncing {
            effects.reply(syncing.token, .syncGroup(.refusal(.fencedInstanceId)))
        }
        effects.cancel(.classicMember(request.group, member: old))
        note(
            .fenced, member.noted, "static member \(request.groupInstanceId ?? "") came back", of: request.group, group,
            effects.now)
        (member.joining, member.syncing) = (nil, nil)
        member.update(request, client)
        group[old] = member
        group.replace(old, by: id)
        heardOf(id, of: group, named: request.group, &effects)
        switch group.state {
        case .stable where group.selectProtocol() == group.protocolName:
            effects.write(.classicGroup(request.group, group.record(at: effects.now.wall)))
            var response = group.joined(id, version: client.version)
            if client.version >= 9 {
                response.skipAssignment = group.leader == id
            } else {
                // A leader would assign, and nobody waits for that: it is told of the one that it was before.
                response.leader = previousLeader.text
                response.members = []
            }
            effects.reply(waiting.token, .joinGroup(response))
        case .empty, .preparing:
            group[id]?.joining = waiting
        case .stable, .completing:
            group[id]?.joining = waiting
            rebalance(
                request.group, group, because: "static member \(request.groupInstanceId ?? "") came back",
                by: group[id]?.noted, &effects)
        }
    }
}

extension JoinGroupResponse {
    /// - Parameter member: who asked, where Kafka repeats it.
    public static func refusal(_ error: ErrorCode, member: Name = "", _ version: Int16) -> JoinGroupResponse {
        var response = JoinGroupResponse()
        response.errorCode = error.rawValue
        response.memberId = member.text
        response.protocolName = version >= 7 ? nil : ""
        return response
    }
}

extension SyncGroupResponse {
    public static func refusal(_ error: ErrorCode) -> SyncGroupResponse {
        var response = SyncGroupResponse()
        response.errorCode = error.rawValue
        return response
    }
}

extension ClassicGroup {
    /// Why somebody with the protocols of a request cannot be in the group.
    fileprivate func mismatch(_ request: JoinGroupRequest) -> String {
        guard !members.isEmpty, let protocolType else { return "it offers no protocol" }
        guard Name(request.protocolType) == protocolType else {
            return "it speaks \(request.protocolType), the members speak \(protocolType)"
        }
        let offered = request.protocols.map(\.name).joined(separator: ", ")
        return "none of its protocols (\(offered)) is known to all members"
    }

    /// The answer to a member that has joined the generation: the leader is told who the others are.
    func joined(_ id: Name, version: Int16) -> JoinGroupResponse {
        var response = JoinGroupResponse()
        response.generationId = generation
        response.protocolType = protocolType?.text
        response.protocolName = protocolName?.text
        response.leader = leader?.text ?? ""
        response.memberId = id.text
        guard leader == id, let protocolName else { return response }
        response.members = orderedMembers.map { member in
            var row = JoinGroupResponse.JoinGroupResponseMember()
            row.memberId = member.id.text
            row.groupInstanceId = member.instanceID?.text
            row.metadata = member.metadata(for: protocolName) ?? []
            return row
        }
        return response
    }
}
