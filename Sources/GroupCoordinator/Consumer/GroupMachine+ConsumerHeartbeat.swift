import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore

/// A group as a request finds it, or as it would make it.
struct OpenedGroup {
    var group: ConsumerGroup
    /// The classic group that it takes the place of.
    var converts: ClassicGroup?
}

/// A member as a request finds it and as it leaves it, before the records are written.
struct MemberChange {
    /// What the group knows of it: a fresh one where it knows nothing.
    var before: ConsumerMember
    var after: ConsumerMember
    /// The static member that it takes the place of, if that has another id.
    var replaces: ConsumerMember?

    var topicsChanged: Bool { before.metadata.topics != after.metadata.topics }
    var patternChanged: Bool { before.metadata.pattern != after.metadata.pattern }
}

/// ConsumerGroupHeartbeat: joining, staying and leaving.
extension GroupMachine {
    mutating func consumerHeartbeat(
        _ request: ConsumerGroupHeartbeatRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        var response = ConsumerGroupHeartbeatResponse()
        do throws(ConsumerRefusal) {
            guard rules.servesConsumerProtocol else { throw ConsumerRefusal(.unsupportedVersion, "") }
            try request.check(client.version, assignors: rules.assignors)
            if request.memberEpoch < 0 {
                response = try leaveConsumer(request, &effects)
            } else {
                response = try stayInConsumer(request, client, &effects)
            }
        } catch {
            // Who leaves has nothing to wait for.
            if request.memberEpoch >= 0 {
                noteRefusal(error.code, error.message, NotedMember(request, client), of: request.group, effects.now)
            }
            response.errorCode = error.code.rawValue
            response.errorMessage = error.message.isEmpty ? nil : error.message
        }
        effects.reply(token, .consumerGroupHeartbeat(response))
    }

    private mutating func stayInConsumer(
        _ request: ConsumerGroupHeartbeatRequest, _ client: GroupClient, _ effects: inout Effects<GroupMachine>
    ) throws(ConsumerRefusal) -> ConsumerGroupHeartbeatResponse {
        let name = request.group
        let isJoining = request.memberEpoch == 0
        let owned = request.topicPartitions.map { PartitionSet($0) }
        let opened = try open(name, toJoin: isJoining)
        let id = request.member.isEmpty ? Name(effects.makeID().description) : request.member
        if isJoining { try checkRoom(opened.group, for: id) }
        var change = try find(id, request, in: opened.group, owned)
        try change.before.checkState(owned: owned)
        change.after.metadata.update(request, client)
        try checkPattern(of: change, in: opened.group)

        if let classic = opened.converts { convert(name, classic, to: opened.group, &effects) }
        let subscriptionChanged = admit(change, to: name, &effects)
        retargetIfDue(name, &effects)
        reconcile(name, id, owned, subscriptionChanged, &effects)
        effects.schedule(.consumerSession(name, member: id), after: rules.consumerTimes(of: name).sessionTimeout)

        let member = consumer(name).members[id] ?? change.after
        var response = ConsumerGroupHeartbeatResponse()
        response.memberId = id.text
        response.memberEpoch = member.current.epoch
        response.heartbeatIntervalMs = Int32(clamping: rules.consumerTimes(of: name).heartbeatInterval)
        if isJoining || request.isFull || member.current.assigned != change.before.current.assigned {
            response.assignment = member.current.assigned.withoutEpochs.answer
        }
        return response
    }

    /// The group as it is now.
    ///
    /// - Precondition: there is a consumer group of that name.
    func consumer(_ name: Name) -> ConsumerGroup {
        guard case .consumer(let group) = groups[name] else { preconditionFailure("no consumer group \(name)") }
        return group
    }

    // MARK: Checks

    private func open(_ name: Name, toJoin isJoining: Bool) throws(ConsumerRefusal) -> OpenedGroup {
        switch groups[name] {
        case .consumer(let group): return OpenedGroup(group: group)
        case nil:
            guard isJoining else { throw ConsumerRefusal(.groupIdNotFound, "Consumer group \(name) not found.") }
            return OpenedGroup(group: ConsumerGroup())
        case .classic(let classic):
            guard isJoining else {
                throw ConsumerRefusal(.groupIdNotFound, "Group \(name) is not a consumer group.")
            }
            if classic.state == .empty { return OpenedGroup(group: ConsumerGroup(), converts: classic) }
            return OpenedGroup(group: try upgraded(classic, name), converts: classic)
        }
    }

    func checkRoom(_ group: ConsumerGroup, for id: Name) throws(ConsumerRefusal) {
        guard group.members.count >= rules.maximumConsumerSize, group.members[id] == nil else { return }
        throw ConsumerRefusal(
            .groupMaxSizeReached,
            "The consumer group has reached its maximum capacity of \(rules.maximumConsumerSize) members.")
    }

    private func find(
        _ id: Name, _ request: ConsumerGroupHeartbeatRequest, in group: ConsumerGroup, _ owned: PartitionSet?
    ) throws(ConsumerRefusal) -> MemberChange {
        let isJoining = request.memberEpoch == 0
        guard let instance = request.instance else {
            guard let member = group.members[id] ?? (isJoining ? ConsumerMember(id: id) : nil) else {
                throw .unknownMember(id, of: request.group)
            }
            try member.checkEpoch(request.memberEpoch, owned: owned)
            return MemberChange(before: member, after: member)
        }
        guard isJoining else {
            let member = try group.member(id, as: instance)
            try member.checkEpoch(request.memberEpoch, owned: owned)
            return MemberChange(before: member, after: member)
        }
        return try group.claim(instance, for: id, classic: false)
    }
}

extension ConsumerGroup {
    /// The static member of that name, if it is the one that asks.
    func member(_ id: Name, as instance: Name) throws(ConsumerRefusal) -> ConsumerMember {
        guard let member = staticMember(instance) else {
            throw ConsumerRefusal(.unknownMemberId, "Instance id \(instance) is unknown.")
        }
        guard member.id == id else { throw .fencedInstance(instance, of: id, by: member.id) }
        return member
    }

    /// A static member joins: it takes over from whoever had the name, where that is away or speaks the classic protocol.
    func claim(_ instance: Name, for id: Name, classic: Bool) throws(ConsumerRefusal) -> MemberChange {
        guard let holder = staticMember(instance) else {
            let member = members[id] ?? ConsumerMember(id: id)
            return MemberChange(before: member, after: member)
        }
        if !classic, !holder.isClassic, holder.current.epoch != CurrentAssignment.awayEpoch {
            throw ConsumerRefusal(
                .unreleasedInstanceId,
                "Static member \(id) with instance id \(instance) cannot join the group because the instance id is "
                    + "owned by \(holder.id) member.")
        }
        var member = holder
        member.id = id
        member.current = holder.current.restarted(at: classic ? targetEpoch : 0)
        return MemberChange(before: member, after: member, replaces: holder)
    }
}

extension PartitionSet {
    var answer: ConsumerGroupHeartbeatResponse.Assignment {
        var assignment = ConsumerGroupHeartbeatResponse.Assignment()
        assignment.topicPartitions = ordered.map { topic, partitions in
            var row = ConsumerGroupHeartbeatResponse.TopicPartitions()
            (row.topicId, row.partitions) = (topic, partitions)
            return row
        }
        return assignment
    }
}
