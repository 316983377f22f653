import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore

/// Telling people what became of a group, and what it waits for.
extension GroupMachine {
    func explain(_ name: Name, _ effects: Effects<GroupMachine>) -> GroupExplanation? {
        let events = histories.events(of: name)
        guard let group = groups[name] else {
            guard !events.isEmpty else { return nil }
            return GroupExplanation(
                group: name.text, since: histories.since, type: "", state: "Dead", generation: -1, events: events)
        }
        var explanation = GroupExplanation(
            group: name.text, since: histories.since, type: group.typeName, state: group.stateName,
            generation: group.generation, events: events)
        switch group {
        case .classic(let group): addAwaited(of: group, name, effects, to: &explanation)
        case .consumer(let group): addAwaited(of: group, name, effects, to: &explanation)
        }
        return explanation
    }

    // MARK: Classic groups

    private func addAwaited(
        of group: ClassicGroup, _ name: Name, _ effects: Effects<GroupMachine>,
        to explanation: inout GroupExplanation
    ) {
        switch group.state {
        case .empty: break
        case .preparing:
            let end = effects.moment(of: .classicJoin(name))
            explanation.awaitedUntil = end
            for member in group.orderedMembers where !member.isJoining {
                // A static member may be away until its session ends.
                let deadline = member.instanceID == nil ? end : nil
                explanation.awaited.append(
                    awaited(member, of: group, name, "to join again", until: deadline, effects))
            }
            for id in group.pendingMembers.sorted() {
                explanation.awaited.append(
                    AwaitedMember(
                        member: NotedMember(id: id), task: "to join with the id that it was given",
                        deadline: effects.moment(of: .classicMember(name, member: id))))
            }
        case .completing, .stable:
            guard !group.pendingSync.isEmpty else { return }
            let end = effects.moment(of: .classicSync(name))
            explanation.awaitedUntil = end
            for member in group.orderedMembers where group.pendingSync.contains(member.id) {
                let assigns = group.state == .completing && group.leader == member.id
                let task = assigns ? "to assign the partitions" : "to ask for its assignment"
                explanation.awaited.append(awaited(member, of: group, name, task, until: end, effects))
            }
        }
    }

    private func awaited(
        _ member: ClassicMember, of group: ClassicGroup, _ name: Name, _ task: String, until deadline: Int64?,
        _ effects: Effects<GroupMachine>
    ) -> AwaitedMember {
        let sessionEnd = effects.moment(of: .classicMember(name, member: member.id))
        return AwaitedMember(
            member: member.noted, task: task, since: group.stateTimestamp, deadline: deadline,
            lastHeard: sessionEnd.map { $0 - member.sessionTimeout }, sessionEnd: sessionEnd)
    }

    // MARK: Consumer groups

    private func addAwaited(
        of group: ConsumerGroup, _ name: Name, _ effects: Effects<GroupMachine>,
        to explanation: inout GroupExplanation
    ) {
        if group.epoch > group.targetEpoch {
            explanation.awaitedUntil = effects.moment(of: .consumerAssignment(name))
        }
        for member in group.orderedMembers {
            if let awaited = awaited(member, of: group, name, effects) { explanation.awaited.append(awaited) }
        }
    }

    /// nil where nothing is left for it to do but to wait for others.
    private func awaited(
        _ member: ConsumerMember, of group: ConsumerGroup, _ name: Name, _ effects: Effects<GroupMachine>
    ) -> AwaitedMember? {
        let timer = GroupTimer.consumerRebalance(name, member: member.id)
        let timeout = sessionTimeout(of: member, in: name)
        let sessionEnd = effects.moment(of: .consumerSession(name, member: member.id))
        var awaited = AwaitedMember(
            member: member.noted, task: "", lastHeard: sessionEnd.map { $0 - timeout }, sessionEnd: sessionEnd)
        /// It has the time that it asked for.
        func isTimed() {
            awaited.deadline = effects.moment(of: timer)
            awaited.since = awaited.deadline.map { $0 - Int64(member.metadata.rebalanceTimeout) }
        }
        if self.awaited.contains(timer) {
            awaited.task = "to join or to ask for its assignment"
            isTimed()
            return awaited
        }
        switch member.current.state {
        case _ where member.current.epoch == CurrentAssignment.awayEpoch:
            awaited.task = "to come back"
            awaited.since = awaited.lastHeard
        case .unrevoked:
            let count = member.current.revoking.partitionCount
            awaited.task = count == 1 ? "to give up a partition" : "to give up \(count) partitions"
            isTimed()
        case .unreleased:
            guard !group.isWaiting(member) else { return nil }
            awaited.task = "to take partitions that others gave up"
        case .stable:
            guard member.current.epoch != group.targetEpoch else { return nil }
            awaited.task = "to hear of its new assignment"
            awaited.since = group.targetTime > 0 ? group.targetTime : nil
        case .unknown:
            awaited.task = "to begin anew"
        }
        return awaited
    }
}

extension GroupMachine {
    /// Remembers a request that was refused, of a group that is there or that something is known of.
    mutating func noteRefusal(
        _ error: ErrorCode, _ reason: String, _ member: NotedMember, of name: Name, _ now: CoordinatorTime
    ) {
        guard groups[name] != nil || histories.has(name) else { return }
        let event = GroupEvent(
            time: now.wall, generation: groups[name]?.generation ?? -1, kind: .refused, member: member,
            reason: "\(reason) (\(error))")
        histories.note(event, error, of: name)
        tell(event, of: name)
    }
}

extension Effects<GroupMachine> {
    /// When a deadline passes, in milliseconds since 1970; nil where there is none of that name.
    fileprivate func moment(of timer: GroupTimer) -> Int64? {
        guard let deadline = deadline(of: timer) else { return nil }
        let (moment, overflow) = now.wall.addingReportingOverflow(deadline - now.clock)
        return overflow ? nil : moment
    }
}

extension ClassicMember {
    var noted: NotedMember { NotedMember(id: id, instanceID: instanceID, clientID: Name(clientID), host: host) }
}

extension ConsumerMember {
    var noted: NotedMember {
        NotedMember(
            id: id, instanceID: metadata.instanceID, clientID: metadata.clientID, host: metadata.host)
    }
}

extension NotedMember {
    init(_ request: JoinGroupRequest, _ client: GroupClient) {
        self.init(
            id: request.member, instanceID: request.instance, clientID: Name(client.clientID), host: client.host)
    }

    init(_ request: ConsumerGroupHeartbeatRequest, _ client: GroupClient) {
        self.init(
            id: request.member, instanceID: request.instance, clientID: Name(client.clientID), host: client.host)
    }
}
