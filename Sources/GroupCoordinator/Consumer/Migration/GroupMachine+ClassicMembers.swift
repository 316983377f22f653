import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// Members of a consumer group that speak the classic protocol. The broker is the leader: a member joins to be told an epoch,
/// and syncs to be told its partitions; both are answered at once.
extension GroupMachine {
    // MARK: Join

    mutating func joinConsumer(
        _ group: ConsumerGroup, _ request: JoinGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        let id = request.member.isEmpty ? Name(effects.makeID().description) : request.member
        do throws(ConsumerRefusal) {
            let subscription = try check(request, id, group)
            guard client.version < 4 || !request.memberId.isEmpty || request.groupInstanceId != nil else {
                return effects.reply(token, .joinGroup(.refusal(.memberIdRequired, member: id, client.version)))
            }
            var change = try find(id, request, in: group)
            change.after.metadata.update(request, subscription, client)
            let isLast = request.instance.map { downgrades(byTakingOver: $0, in: group) } ?? false
            let subscriptionChanged = admit(change, to: request.group, &effects)
            let owned = ClassicAssignment.partitions(
                subscription.ownedPartitions.map { ($0.topic, $0.partitions) }, image.topics)
            if isLast {
                joinDowngraded(id, request, owned, subscriptionChanged, from: group.epoch, token, &effects)
            } else {
                retargetIfDue(request.group, &effects)
                reconcile(request.group, id, owned, subscriptionChanged, &effects)
                joined(id, request, token, &effects)
                expectMember(id, request, &effects)
            }
        } catch {
            noteRefusal(error.code, error.message, NotedMember(request, client), of: request.group, effects.now)
            effects.reply(token, .joinGroup(.refusal(error.code, client.version)))
        }
    }

    private func check(
        _ request: JoinGroupRequest, _ id: Name, _ group: ConsumerGroup
    ) throws(ConsumerRefusal) -> ClassicSubscription {
        guard rules.migration != .disabled else {
            throw ConsumerRefusal(.inconsistentGroupProtocol, "the group migration is disabled")
        }
        try checkRoom(group, for: id)
        guard group.accepts(Name(request.protocolType), request.classicProtocols),
            let subscription = request.classicProtocols.first.flatMap({ ClassicSubscription($0.metadata) })
        else { throw ConsumerRefusal(.inconsistentGroupProtocol, "the member's protocols are not supported") }
        return subscription
    }

    private func find(
        _ id: Name, _ request: JoinGroupRequest, in group: ConsumerGroup
    ) throws(ConsumerRefusal) -> MemberChange {
        guard let instance = request.instance else {
            let member = group.members[id] ?? ConsumerMember(id: id)
            return MemberChange(before: member, after: member)
        }
        if request.memberId.isEmpty { return try group.claim(instance, for: id, classic: true) }
        let member = try group.member(id, as: instance)
        return MemberChange(before: member, after: member)
    }

    private func joined(
        _ id: Name, _ request: JoinGroupRequest, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>
    ) {
        var response = JoinGroupResponse()
        response.memberId = id.text
        response.generationId = consumer(request.group).members[id]?.current.epoch ?? -1
        response.protocolType = "consumer"
        response.protocolName = request.protocols.first?.name
        effects.reply(token, .joinGroup(response))
    }

    /// A member that was told its epoch has to sync, and to show that it is alive.
    private mutating func expectMember(
        _ id: Name, _ request: JoinGroupRequest, _ effects: inout Effects<GroupMachine>
    ) {
        effects.schedule(.consumerSession(request.group, member: id), after: Int64(request.sessionTimeoutMs))
        expectAnswer(id, request.group, for: request.timeouts.rebalance, &effects)
    }

    /// The last member that spoke the consumer protocol goes on with the classic one. It gets what it was assigned if all have
    /// what they were; else they join, since a classic group knows of nobody who has yet to give something up.
    ///
    /// - Parameter epoch: the group's, before the member joined.
    private mutating func joinDowngraded(
        _ id: Name, _ request: JoinGroupRequest, _ owned: PartitionSet, _ subscriptionChanged: Bool,
        from epoch: Int32, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>
    ) {
        let name = request.group
        let isStale = consumer(name).epoch > consumer(name).targetEpoch
        if !isStale { reconcile(name, id, owned, subscriptionChanged, &effects) }
        joined(id, request, token, &effects)
        downgrade(
            name, generation: epoch, without: [], rebalances: consumer(name).state != .stable,
            because: "its last member of the consumer protocol goes on with the classic one", &effects)
    }

    // MARK: Sync and heartbeat

    mutating func syncConsumer(
        _ group: ConsumerGroup, _ request: SyncGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        guard let (member, classic) = group.classicMember(request.member, request.instance) else {
            let error = group.absence(of: request.member, request.instance)
            return effects.reply(token, .syncGroup(.refusal(error)))
        }
        let name = classic.protocols.first?.name
        var error = ErrorCode.none
        if request.generationId != member.current.epoch {
            error = .illegalGeneration
        } else if request.protocolType ?? "consumer" != "consumer"
            || request.protocolName.map({ Name($0) }) ?? name != name
        {
            error = .inconsistentGroupProtocol
        } else if group.targetEpoch > member.current.epoch, member.current.state != .unrevoked {
            error = .rebalanceInProgress
            awaitJoin(member, request.group, &effects)
        }
        guard error == .none else { return effects.reply(token, .syncGroup(.refusal(error))) }
        let timer = GroupTimer.consumerRebalance(request.group, member: member.id)
        awaited.remove(timer)
        effects.cancel(timer)
        effects.schedule(
            .consumerSession(request.group, member: member.id), after: Int64(classic.sessionTimeout))
        var response = SyncGroupResponse()
        response.protocolType = request.protocolType
        response.protocolName = request.protocolName
        response.assignment = ClassicAssignment.write(
            member.current.assigned.withoutEpochs, for: classic.protocols.first?.metadata ?? [], image.topics)
        effects.reply(token, .syncGroup(response))
    }

    mutating func heartbeatConsumer(
        _ group: ConsumerGroup, _ request: HeartbeatRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        var response = HeartbeatResponse()
        if let (member, classic) = group.classicMember(request.member, request.instance) {
            if request.generationId != member.current.epoch {
                response.errorCode = ErrorCode.illegalGeneration.rawValue
            } else {
                effects.schedule(
                    .consumerSession(request.group, member: member.id), after: Int64(classic.sessionTimeout))
                if group.needsJoin(of: member) {
                    response.errorCode = ErrorCode.rebalanceInProgress.rawValue
                    awaitJoin(member, request.group, &effects)
                }
            }
        } else {
            response.errorCode = group.absence(of: request.member, request.instance).rawValue
        }
        effects.reply(token, .heartbeat(response))
    }

    /// A member has been told to join, and does so by then: being told again does not give it more time.
    private mutating func awaitJoin(
        _ member: ConsumerMember, _ name: Name, _ effects: inout Effects<GroupMachine>
    ) {
        guard !awaited.contains(.consumerRebalance(name, member: member.id)) else { return }
        expectAnswer(member.id, name, for: Int64(member.metadata.rebalanceTimeout), &effects)
    }

    private mutating func expectAnswer(
        _ member: Name, _ name: Name, for wait: Int64, _ effects: inout Effects<GroupMachine>
    ) {
        let timer = GroupTimer.consumerRebalance(name, member: member)
        awaited.insert(timer)
        effects.schedule(timer, after: wait)
    }

    // MARK: Leave

    mutating func leaveConsumer(
        _ group: ConsumerGroup, _ request: LeaveGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        var response = LeaveGroupResponse()
        var leaving: Set<Name> = []
        var reason: String?
        for identity in request.leaving(client.version) {
            do throws(ConsumerRefusal) {
                leaving.insert(try group.leaving(identity, of: request.group).id)
                reason = reason ?? identity.reason
                response.members.append(identity.left(.none))
            } catch {
                response.members.append(identity.left(error.code))
            }
        }
        removeConsumerMembers(leaving, of: request.group, .left, because: reason ?? "asked to leave", &effects)
        effects.reply(token, .leaveGroup(response.flattened(for: client.version)))
    }
}

extension ConsumerGroup {
    /// Whether somebody with these protocols can be in the group with the other members of the classic protocol.
    func accepts(_ type: Name, _ protocols: [ClassicProtocol]) -> Bool {
        guard type == "consumer" else { return false }
        let others = members.values.compactMap(\.metadata.classic)
        var supporters: [Name: Int] = [:]
        for other in others {
            for name in Set(other.protocols.lazy.map(\.name)) { supporters[name, default: 0] += 1 }
        }
        return protocols.contains { supporters[$0.name] ?? 0 == others.count }
    }

    fileprivate func classicMember(
        _ id: Name, _ instance: Name?
    ) -> (member: ConsumerMember, classic: ConsumerMember.ClassicSide)? {
        guard let member = instance.map({ staticMember($0) }) ?? members[id], member.id == id else { return nil }
        return member.metadata.classic.map { (member, $0) }
    }

    /// Why there is no such member of the classic protocol.
    fileprivate func absence(of id: Name, _ instance: Name?) -> ErrorCode {
        guard let holder = instance.flatMap({ staticMember($0) }) else { return .unknownMemberId }
        return holder.id == id ? .unknownMemberId : .fencedInstanceId
    }

    /// Whether a member of the classic protocol has something to learn, which it does by joining.
    fileprivate func needsJoin(of member: ConsumerMember) -> Bool {
        if member.current.epoch < targetEpoch { return true }
        switch member.current.state {
        case .unrevoked: return true
        case .unreleased: return !isWaiting(member)
        case .stable, .unknown: return false
        }
    }

    fileprivate func leaving(
        _ identity: LeaveGroupRequest.MemberIdentity, of name: Name
    ) throws(ConsumerRefusal) -> ConsumerMember {
        if let instance = identity.instance {
            return try member(
                identity.member.isEmpty ? instances[instance] ?? "" : identity.member, as: instance)
        }
        guard let member = members[identity.member] else { throw .unknownMember(identity.member, of: name) }
        return member
    }
}
