import Bytes
import Collections
import Coordination
import KafkaProtocolMore
import Metadata

/// The epoch of a consumer group, the target that is computed for it, and the members' way there.
extension GroupMachine {
    mutating func metadataChanged(to image: ClusterImage, _ removedTopics: Set<Name>) {
        if !removedTopics.isEmpty || image.topics.count != self.image.topics.count {
            topicsVersion = image.position.offset
        }
        self.image = image
        topicHashes.removeAll(keepingCapacity: true)
    }

    // MARK: Epoch

    /// Raises the epoch of a group for a reason that is given, or because its topics are not what they were. Topics that
    /// changed are noticed when a member is heard of.
    ///
    /// - Parameter member: who gave the reason, where that was one.
    mutating func refreshEpoch(
        _ name: Name, because reason: String?, by member: NotedMember?, _ effects: inout Effects<GroupMachine>
    ) {
        let group = consumer(name)
        if reason == nil, let last = refreshes[name], last.version == image.position.offset,
            last.hash == group.metadataHash
        {
            return
        }
        let hash = hash(of: group.subscribedTopics)
        refreshes[name] = MetadataRefresh(version: image.position.offset, hash: hash)
        guard reason != nil || hash != group.metadataHash else { return }
        raiseEpoch(
            name, hash, because: reason ?? "the topics that it reads have changed",
            by: reason == nil ? nil : member, &effects)
    }

    private mutating func raiseEpoch(
        _ name: Name, _ hash: Int64, because reason: String, by member: NotedMember?,
        _ effects: inout Effects<GroupMachine>
    ) {
        let epoch = consumer(name).epoch
        var value = ConsumerGroupMetadataValue()
        value.epoch = epoch == .max ? 1 : epoch + 1
        value.metadataHash = hash
        write(.consumerGroup(name, value), &effects)
        noteConsumer(.rebalanceStarted, member, reason, of: name, effects.now)
    }

    /// Of the topics that are there; of none it is 0.
    private mutating func hash(of topics: Set<Name>) -> Int64 {
        var hash = StableHash()
        var isEmpty = true
        for topic in topics.sorted() {
            guard let part = topicHashes[topic] ?? topicHash(topic) else { continue }
            topicHashes[topic] = part
            hash.combine(UInt64(bitPattern: part))
            isEmpty = false
        }
        return isEmpty ? 0 : hash.value
    }

    // MARK: Target

    /// Computes a target for the group's epoch, unless the last one was a moment ago: then a deadline does.
    mutating func retargetIfDue(_ name: Name, _ effects: inout Effects<GroupMachine>) {
        let group = consumer(name)
        guard group.epoch > group.targetEpoch, !group.members.isEmpty else { return }
        let interval = rules.consumerTimes(of: name).assignmentInterval
        let (age, overflow) = effects.now.wall.subtractingReportingOverflow(group.targetTime)
        // A clock that went back says nothing.
        let isDue = group.targetTime == 0 || overflow || age < 0 || age >= interval
        guard isDue else { return effects.schedule(.consumerAssignment(name), after: interval - age) }
        retarget(name, group, &effects)
    }

    mutating func assignmentDue(_ name: Name, _ effects: inout Effects<GroupMachine>) {
        guard case .consumer = groups[name] else { return }
        retargetIfDue(name, &effects)
    }

    private mutating func retarget(
        _ name: Name, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>
    ) {
        let assignor = group.preferredAssignor(of: rules.assignors)
        let targets = assign(assignor, AssignmentInput(group, image))
        var moved = 0
        var rows: [(id: Name, target: PartitionSet)] = []
        for (id, _) in group.members {
            let target = targets[id] ?? [:]
            let old = group.targets[id] ?? [:]
            // Also an empty one is stored: that the member has been thought of.
            guard target != old || group.targets[id] == nil else { continue }
            moved += target.subtracting(old).partitionCount
            rows.append((id, target))
        }
        for row in rows.sorted(by: { $0.id < $1.id }) {
            write(.consumerTargetMember(name, member: row.id, row.target.targetValue), &effects)
        }
        var value = ConsumerGroupTargetAssignmentMetadataValue()
        value.assignmentEpoch = group.epoch
        value.assignmentTimestamp = effects.now.wall
        write(.consumerTarget(name, value), &effects)
        let partitions = targets.values.reduce(0) { $0 + $1.partitionCount }
        noteConsumer(
            .assigned, nil,
            "\(assignor): \(moved) of \(counted(partitions, "partition")) \(moved == 1 ? "goes" : "go") to another of "
                + counted(group.members.count, "member"),
            of: name, effects.now)
    }

    private func assign(_ assignor: Name, _ input: AssignmentInput) -> [Name: PartitionSet] {
        assignor == RangeAssignor.name ? RangeAssignor.assign(input) : UniformAssignor.assign(input)
    }

    // MARK: Members

    /// Brings a member a step closer to its target.
    mutating func reconcile(
        _ name: Name, _ id: Name, _ owned: PartitionSet?, _ subscriptionChanged: Bool,
        _ effects: inout Effects<GroupMachine>
    ) {
        let group = consumer(name)
        guard let member = group.members[id] else { return }
        guard subscriptionChanged || !member.current.isReconciled(to: group.targetEpoch) else { return }
        let goal = ReconciliationGoal(
            epoch: group.targetEpoch, target: group.targets[id] ?? [:],
            reads: { [image] id in image.topics[id].map { group.reads(member, Name($0.name)) } ?? false },
            subscriptionChanged: subscriptionChanged, owned: owned, isFree: { group.isFree($0, for: id) })
        let next = member.current.next(toward: goal)
        guard next != member.current else { return }
        write(.consumerCurrent(name, member: id, next.value), &effects)
        if !member.isClassic {
            let timer = GroupTimer.consumerRebalance(name, member: id)
            awaited.remove(timer)
            if next.state == .unrevoked {
                effects.schedule(timer, after: Int64(member.metadata.rebalanceTimeout))
            } else {
                effects.cancel(timer)
            }
        }
        if next.state == .stable, consumer(name).state == .stable {
            noteConsumer(.rebalanceEnded, nil, "every member has its partitions", of: name, effects.now)
        }
    }
}

extension GroupMachine {
    mutating func noteConsumer(
        _ kind: GroupEvent.Kind, _ member: NotedMember?, _ reason: String, of name: Name, _ now: CoordinatorTime
    ) {
        let epoch = groups[name]?.generation ?? -1
        note(
            GroupEvent(time: now.wall, generation: epoch, kind: kind, member: member, reason: reason), of: name)
    }

    /// Changes with anything that matters to an assignment; nil where there is no such topic.
    private func topicHash(_ name: Name) -> Int64? {
        guard let topic = image.topics[name.text] else { return nil }
        var hash = StableHash()
        hash.combine(topic.id.high)
        hash.combine(topic.id.low)
        hash.combine(UInt64(topic.partitions.count))
        for (index, partition) in topic.partitions.enumerated() {
            hash.combine(UInt64(index))
            for rack in partition.replicas.compactMap({ image.brokers[$0]?.registration.rack }).sorted() {
                hash.combine(rack)
            }
        }
        return hash.value
    }
}

/// The same in every process, unlike the standard library's: it is stored (64-bit FNV-1a).
struct StableHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    var value: Int64 { Int64(bitPattern: state) }

    mutating func combine(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

    mutating func combine(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { combine(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    mutating func combine(_ text: String) {
        combine(UInt64(text.utf8.count))
        for byte in text.utf8 { combine(byte) }
    }
}
