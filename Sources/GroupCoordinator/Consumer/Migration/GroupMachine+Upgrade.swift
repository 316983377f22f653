import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// A classic group becomes a consumer group when a member of the consumer protocol joins. Its members stay what they are.
extension GroupMachine {
    /// The group that a classic one would become.
    func upgraded(_ classic: ClassicGroup, _ name: Name) throws(ConsumerRefusal) -> ConsumerGroup {
        func refusal(_ reason: String) -> ConsumerRefusal {
            ConsumerRefusal(
                .groupIdNotFound, "Cannot upgrade classic group \(name) to consumer group because \(reason).")
        }
        guard rules.migration.upgrades else { throw refusal("online upgrade is disabled") }
        guard classic.protocolType == "consumer" else {
            throw refusal("the group does not use the consumer embedded protocol")
        }
        guard classic.members.count <= rules.maximumConsumerSize else {
            throw refusal("the group size exceeds the consumer group maximum size")
        }
        var members: [ConsumerMember] = []
        for member in classic.orderedMembers {
            do throws(ClassicAssignment.Problem) {
                members.append(try upgraded(member, of: classic))
            } catch {
                switch error {
                case .malformed: throw refusal("the embedded consumer protocol is malformed")
                case .hasUserData:
                    throw refusal(
                        "an unsupported custom assignor is in use. Please refer to the documentation or switch to a "
                            + "default assignor before re-attempting the upgrade")
                }
            }
        }
        return ConsumerGroup(epoch: classic.generation, metadataHash: 0, members: members)
    }

    private func upgraded(_ member: ClassicMember, of classic: ClassicGroup) throws(ClassicAssignment.Problem)
        -> ConsumerMember
    {
        let metadata = classic.protocolName.flatMap(member.metadata(for:)) ?? member.protocols.first?.metadata ?? []
        guard let subscription = ClassicSubscription(metadata) else { throw .malformed }
        let assigned = try ClassicAssignment.read(member.assignment, image.topics)
        var upgraded = ConsumerMember(id: member.id)
        upgraded.metadata.instanceID = member.instanceID
        upgraded.metadata.rackID = subscription.rackID.map { Name($0) }
        upgraded.metadata.clientID = Name(member.clientID)
        upgraded.metadata.host = member.host
        upgraded.metadata.topics = Set(subscription.topics)
        upgraded.metadata.rebalanceTimeout = Int32(clamping: member.rebalanceTimeout)
        upgraded.metadata.classic = .init(
            sessionTimeout: Int32(clamping: member.sessionTimeout), protocols: member.protocols)
        upgraded.current = CurrentAssignment(
            state: .stable, epoch: classic.generation, previousEpoch: classic.generation,
            assigned: assigned.mapValues { partitions in
                Dictionary(uniqueKeysWithValues: partitions.map { ($0, classic.generation) })
            })
        return upgraded
    }

    /// Puts the group in the place of the classic one. Deadlines of the old one stay: they find nothing, unless the write fails
    /// and it is there again.
    mutating func convert(
        _ name: Name, _ classic: ClassicGroup, to group: ConsumerGroup, _ effects: inout Effects<GroupMachine>
    ) {
        classic.release(.rebalanceInProgress, &effects)
        write(.classicGroup(name, nil), &effects)
        guard !group.members.isEmpty else { return }
        let members = group.orderedMembers
        for member in members { write(.consumerMember(name, member: member.id, member.metadata.value), &effects) }
        var value = ConsumerGroupMetadataValue()
        value.epoch = group.epoch
        value.metadataHash = group.metadataHash
        write(.consumerGroup(name, value), &effects)
        for member in members {
            let target = group.targets[member.id] ?? [:]
            write(.consumerTargetMember(name, member: member.id, target.targetValue), &effects)
        }
        var target = ConsumerGroupTargetAssignmentMetadataValue()
        target.assignmentEpoch = group.targetEpoch
        target.assignmentTimestamp = group.targetTime
        write(.consumerTarget(name, target), &effects)
        for member in members {
            write(.consumerCurrent(name, member: member.id, member.current.value), &effects)
            effects.schedule(
                .consumerSession(name, member: member.id), after: sessionTimeout(of: member, in: name))
        }
        noteConsumer(
            .converted, nil, "from classic: a member of the consumer protocol joins", of: name, effects.now)
    }
}

extension ClassicGroup {
    /// Tells everybody who waits for a join or a sync that there will be none.
    func release(_ error: ErrorCode, _ effects: inout Effects<GroupMachine>) {
        for var member in orderedMembers where member.isWaiting {
            if let joining = member.joining {
                effects.reply(joining.token, .joinGroup(.refusal(error, member: member.id, joining.version)))
            }
            if let syncing = member.syncing { effects.reply(syncing.token, .syncGroup(.refusal(error))) }
            (member.joining, member.syncing) = (nil, nil)
            self[member.id] = member
        }
    }
}
