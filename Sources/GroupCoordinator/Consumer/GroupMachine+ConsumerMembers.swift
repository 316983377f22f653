import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore

/// Who comes into a consumer group and who goes.
extension GroupMachine {
    // MARK: Coming

    /// Writes what a request changes of a member, and raises the group's epoch where that calls for another target.
    ///
    /// - Returns: Whether the member reads other topics than before.
    mutating func admit(_ change: MemberChange, to name: Name, _ effects: inout Effects<GroupMachine>) -> Bool {
        let id = change.after.id
        if let old = change.replaces { replace(old, by: change.before, in: name, &effects) }
        let isNew = groupIfAny(name)?.members[id] == nil
        if isNew || change.before.metadata != change.after.metadata {
            write(.consumerMember(name, member: id, change.after.metadata.value), &effects)
        }
        if isNew {
            let language = change.after.isClassic ? "classic" : "consumer"
            noteConsumer(.joined, change.after.noted, "by the \(language) protocol", of: name, effects.now)
        }
        if change.patternChanged { patternChanged(change, name, &effects) }
        refreshPatterns(name, &effects)
        var reason: String?
        if change.topicsChanged || change.patternChanged {
            reason = isNew ? "member \(id) joined" : "member \(id) changed its subscription"
        }
        refreshEpoch(name, because: reason, by: change.after.noted, &effects)
        return change.topicsChanged || change.patternChanged
    }

    private func groupIfAny(_ name: Name) -> ConsumerGroup? {
        if case .consumer(let group) = groups[name] { group } else { nil }
    }

    /// Gives a static member that came back its new id, and everything that the old one had.
    private mutating func replace(
        _ old: ConsumerMember, by member: ConsumerMember, in name: Name, _ effects: inout Effects<GroupMachine>
    ) {
        let target = consumer(name).targets[old.id]
        removeConsumerRecords(name, old.id, &effects)
        write(.consumerMember(name, member: member.id, member.metadata.value), &effects)
        write(.consumerTargetMember(name, member: member.id, (target ?? [:]).targetValue), &effects)
        write(.consumerCurrent(name, member: member.id, member.current.value), &effects)
        noteConsumer(
            .fenced, old.noted, "static member \(member.metadata.instanceID ?? "") came back as \(member.id)", of: name,
            effects.now)
    }

    // MARK: Leaving

    mutating func leaveConsumer(
        _ request: ConsumerGroupHeartbeatRequest, _ effects: inout Effects<GroupMachine>
    ) throws(ConsumerRefusal) -> ConsumerGroupHeartbeatResponse {
        let name = request.group
        guard case .consumer(let group) = groups[name] else {
            let problem = groups[name] == nil ? "not found" : "is not a consumer group"
            throw ConsumerRefusal(.groupIdNotFound, "Group \(name) \(problem).")
        }
        let member: ConsumerMember
        if let instance = request.instance {
            member = try group.member(request.member, as: instance)
        } else {
            guard let found = group.members[request.member] else {
                throw .unknownMember(request.member, of: name)
            }
            member = found
        }
        if request.memberEpoch == CurrentAssignment.awayEpoch {
            write(.consumerCurrent(name, member: member.id, member.current.away.value), &effects)
            noteConsumer(.left, member.noted, "for a while: it keeps its partitions", of: name, effects.now)
        } else {
            removeConsumerMembers([member.id], of: name, .left, because: "asked to leave", &effects)
        }
        var response = ConsumerGroupHeartbeatResponse()
        response.memberId = request.memberId
        response.memberEpoch = request.memberEpoch
        return response
    }

    /// Takes members out. Their deadlines stay: should the write fail, the members are there again.
    mutating func removeConsumerMembers(
        _ ids: Set<Name>, of name: Name, _ kind: GroupEvent.Kind, because reason: String,
        _ effects: inout Effects<GroupMachine>
    ) {
        guard !ids.isEmpty else { return }
        let leaving = ids.sorted().compactMap { consumer(name).members[$0]?.noted }
        for member in leaving { noteConsumer(kind, member, reason, of: name, effects.now) }
        let left = ids.count == 1 ? "member \(ids.first ?? "")" : "\(ids.count) members"
        let group = consumer(name)
        if downgradesWithout(ids, group) {
            return downgrade(
                name, generation: group.epoch, without: ids, rebalances: true, because: "\(left) left: \(reason)",
                &effects)
        }
        for id in ids.sorted() { removeConsumerRecords(name, id, &effects) }
        dropUnusedPatterns(name, &effects)
        refreshEpoch(
            name, because: "\(left) left: \(reason)", by: leaving.count == 1 ? leaving[0] : nil, &effects)
        retargetIfDue(name, &effects)
    }

    // MARK: Deadlines

    mutating func consumerLoaded(_ name: Name, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>) {
        startDeadlines(of: name, group, &effects)
        retargetIfDue(name, &effects)
    }

    /// Sets the deadlines that members need and do not have.
    func startDeadlines(of name: Name, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>) {
        for (id, member) in group.members {
            let session = GroupTimer.consumerSession(name, member: id)
            if effects.deadline(of: session) == nil {
                effects.schedule(session, after: sessionTimeout(of: member, in: name))
            }
            let rebalance = GroupTimer.consumerRebalance(name, member: id)
            if member.mustRevoke, effects.deadline(of: rebalance) == nil {
                let wait = max(Int64(member.metadata.rebalanceTimeout), GroupMachine.absencePause)
                effects.schedule(rebalance, after: wait)
            }
        }
    }

    func sessionTimeout(of member: ConsumerMember, in name: Name) -> Int64 {
        member.metadata.classic.map { Int64($0.sessionTimeout) } ?? rules.consumerTimes(of: name).sessionTimeout
    }

    mutating func consumerSessionEnded(_ name: Name, _ id: Name, _ effects: inout Effects<GroupMachine>) {
        guard let member = groupIfAny(name)?.members[id] else { return }
        let timeout = sessionTimeout(of: member, in: name)
        effects.schedule(.consumerSession(name, member: id), after: timeout)
        removeConsumerMembers([id], of: name, .evicted, because: "no heartbeat for \(timeout) ms", &effects)
    }

    mutating func consumerRebalanceEnded(_ name: Name, _ id: Name, _ effects: inout Effects<GroupMachine>) {
        let wasAwaited = awaited.remove(.consumerRebalance(name, member: id)) != nil
        guard let member = groupIfAny(name)?.members[id] else { return }
        let timeout = member.metadata.rebalanceTimeout
        switch (wasAwaited, member.isClassic) {
        case (true, true):
            removeConsumerMembers(
                [id], of: name, .evicted, because: "did not join or sync within \(timeout) ms", &effects)
        case (false, false) where member.mustRevoke:
            removeConsumerMembers(
                [id], of: name, .evicted, because: "did not give up its partitions within \(timeout) ms", &effects)
        // What it was to do it has done, or it speaks the other protocol since.
        default: break
        }
    }
}
