import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// A consumer group becomes a classic one when its last member of the consumer protocol goes.
extension GroupMachine {
    /// Whether only members of the classic protocol are left without these, and may go on by themselves.
    func downgradesWithout(_ ids: Set<Name>, _ group: ConsumerGroup) -> Bool {
        let count = group.members.count - ids.count
        return count > 0 && count <= rules.maximumSize && rules.migration.downgrades
            && group.members.allSatisfy { id, member in member.isClassic || ids.contains(id) }
    }

    /// Whether only members of the classic protocol are left when whoever joins under this name speaks it.
    func downgrades(byTakingOver instance: Name, in group: ConsumerGroup) -> Bool {
        guard let holder = group.staticMember(instance), !holder.isClassic else { return false }
        return group.members.values.allSatisfy { $0.isClassic || $0.id == holder.id }
            && group.members.count <= rules.maximumSize && rules.migration.downgrades
    }

    /// The members keep what they have.
    ///
    /// - Parameter rebalances: whether they are asked to join a first generation of their own.
    mutating func downgrade(
        _ name: Name, generation: Int32, without ids: Set<Name>, rebalances: Bool, because reason: String,
        _ effects: inout Effects<GroupMachine>
    ) {
        let group = consumer(name)
        let members = group.orderedMembers.filter { !ids.contains($0.id) }.compactMap { member in
            member.metadata.classic.map { classic in
                var assignment = group.targets[member.id] ?? [:]
                if assignment.isEmpty { assignment = member.current.assigned.withoutEpochs }
                return ClassicMember(
                    member, classic,
                    assignment: ClassicAssignment.write(
                        assignment, for: classic.protocols.first?.metadata ?? [], image.topics))
            }
        }
        removeConsumer(name, group, &effects)
        let classic = ClassicGroup(generation: generation, members: members, at: effects.now.wall)
        groups.set(name, .classic(classic), in: effects.version)
        effects.write(.classicGroup(name, classic.record(at: effects.now.wall)))
        for member in members { heardOf(member.id, of: classic, named: name, &effects) }
        noteConsumer(.converted, nil, "to classic: \(reason)", of: name, effects.now)
        if rebalances { rebalance(name, classic, because: reason, by: nil, &effects) }
    }

    /// A group without members changes its protocol silently.
    mutating func convertEmptyToClassic(
        _ name: Name, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>
    ) -> ClassicGroup? {
        removeConsumer(name, group, &effects)
        let classic = ClassicGroup()
        groups.set(name, .classic(classic), in: effects.version)
        return classic
    }
}

extension ClassicMember {
    init(_ member: ConsumerMember, _ classic: ConsumerMember.ClassicSide, assignment: [UInt8]) {
        id = member.id
        instanceID = member.metadata.instanceID
        clientID = member.metadata.clientID.text
        host = member.metadata.host
        rebalanceTimeout = Int64(member.metadata.rebalanceTimeout)
        sessionTimeout = Int64(classic.sessionTimeout)
        protocolType = "consumer"
        protocols = classic.protocols
        self.assignment = assignment
        isNew = false
    }
}
