import Bytes

/// What a member has of its target, and what it has to give up first.
///
/// *stable*: it has all of a target → *unrevoked*: it is to give up partitions, and stays in its epoch until it has →
/// *unreleased*: it is in the epoch of the target, and waits for partitions that others still hold.
struct CurrentAssignment: Sendable, Equatable {
    /// By Kafka's numbers.
    enum State: Int8, Sendable {
        case stable = 0
        case unrevoked = 1
        case unreleased = 2
        /// Stored by a version that knows more states.
        case unknown = 127
    }

    /// Of a static member that is away for a while.
    static let awayEpoch: Int32 = -2

    var state = State.stable
    /// 0 until it was given its first assignment.
    private(set) var epoch: Int32 = 0
    private(set) var previousEpoch: Int32 = -1
    var assigned: DatedPartitions = [:]
    /// No longer its own, but not given up yet: nobody else gets them.
    var revoking: DatedPartitions = [:]

    init() {}

    init(state: State, epoch: Int32, previousEpoch: Int32, assigned: DatedPartitions, revoking: DatedPartitions = [:]) {
        self.state = state
        self.epoch = epoch
        self.previousEpoch = previousEpoch
        self.assigned = assigned
        self.revoking = revoking
    }

    /// Away for a while, with everything that it has.
    var away: CurrentAssignment {
        CurrentAssignment(
            state: state, epoch: CurrentAssignment.awayEpoch, previousEpoch: previousEpoch, assigned: assigned)
    }

    /// As a member begins that takes this one's place.
    func restarted(at epoch: Int32) -> CurrentAssignment {
        CurrentAssignment(
            state: state, epoch: epoch, previousEpoch: epoch, assigned: assigned, revoking: revoking)
    }

    func isReconciled(to targetEpoch: Int32) -> Bool { state == .stable && epoch == targetEpoch }
}

/// What a member is to be brought to, and what is known of where it stands.
struct ReconciliationGoal {
    var epoch: Int32
    var target: PartitionSet
    /// Whether the member reads a topic now; what it had of others goes, whatever the target says.
    var reads: (UUID) -> Bool
    var subscriptionChanged: Bool
    /// What the member says it has; nil where it says nothing.
    var owned: PartitionSet?
    /// Whether nobody else holds a partition.
    var isFree: (TopicIDPartition) -> Bool

    fileprivate func isOwned(anyOf partitions: DatedPartitions) -> Bool {
        guard let owned else { return true }
        return owned.contains { topic, indexes in
            indexes.contains { partitions.contains(topic, $0) }
        }
    }
}

extension CurrentAssignment {
    /// The next step towards the goal; the same where there is none to take now.
    func next(toward goal: ReconciliationGoal) -> CurrentAssignment {
        switch state {
        case .stable:
            if epoch != goal.epoch { return advanced(toward: goal, from: epoch) }
            return goal.subscriptionChanged ? unsubscribed(goal) : self
        case .unrevoked:
            guard goal.isOwned(anyOf: revoking) else { return advanced(toward: goal, from: epoch) }
            return goal.subscriptionChanged ? unsubscribed(goal) : self
        case .unreleased: return advanced(toward: goal, from: epoch)
        // Its member has nothing: whatever else the state meant, it starts anew.
        case .unknown: return advanced(toward: goal, from: goal.epoch)
        }
    }

    private func advanced(toward goal: ReconciliationGoal, from epoch: Int32) -> CurrentAssignment {
        let target = goal.target.filter { goal.reads($0.key) }
        let (kept, given) = assigned.split(by: target)
        if !given.isEmpty, goal.isOwned(anyOf: given) {
            return CurrentAssignment(
                state: .unrevoked, epoch: epoch, previousEpoch: self.epoch, assigned: kept, revoking: given)
        }
        var result = kept
        var waits = false
        for (topic, partitions) in target {
            for partition in partitions where !kept.contains(topic, partition) {
                if goal.isFree(TopicIDPartition(topic: topic, partition: partition)) {
                    result[topic, default: [:]][partition] = goal.epoch
                } else {
                    waits = true
                }
            }
        }
        return CurrentAssignment(
            state: waits ? .unreleased : .stable, epoch: goal.epoch, previousEpoch: self.epoch, assigned: result)
    }

    /// Without the partitions of topics that the member has unsubscribed from: a new target may take a while.
    private func unsubscribed(_ goal: ReconciliationGoal) -> CurrentAssignment {
        let given = assigned.filter { !goal.reads($0.key) }
        guard !given.isEmpty else { return self }
        let kept = assigned.filter { goal.reads($0.key) }
        let revoking = revoking.merging(given) { $0.merging($1) { _, newer in newer } }
        guard goal.isOwned(anyOf: revoking) else {
            return CurrentAssignment(
                state: state, epoch: epoch, previousEpoch: epoch, assigned: kept, revoking: self.revoking)
        }
        return CurrentAssignment(
            state: .unrevoked, epoch: epoch, previousEpoch: epoch, assigned: kept, revoking: revoking)
    }
}
