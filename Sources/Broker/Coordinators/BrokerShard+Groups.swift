import Bytes
import Configuration
import Coordination
import GroupCoordinator
import KafkaProtocol
import Metadata
import Re2Patterns
import Replication
import Runtime

extension BrokerShard {
    // MARK: Asking

    /// Has a group's coordinator handle a command, wherever it is. `then` runs here, once.
    func askGroup(
        _ group: String, _ command: GroupCommand, then: @escaping (Result<GroupReply, CoordinatorFailure>) -> Void
    ) {
        guard let entry = topics[GroupsTopic.name], !entry.partitions.isEmpty else { return then(.failure(.notHere)) }
        let partition = GroupsTopic.partition(of: group, count: entry.partitions.count)
        guard let route = entry.route(partition) else { return then(.failure(.notHere)) }
        ask(
            route.shard, entry.id, partition,
            { served, reply in
                guard case .success(let local) = served,
                    let coordinator = local.shard.groups.running[partition]
                else {
                    // Its log is being opened, which ends soon.
                    return reply(.failure(.loading))
                }
                coordinator.ask(command, reply)
            }, then: then)
    }

    /// The coordinators of this shard that have read their state; nil where one has not.
    var loadedGroups: [GroupMachine]? {
        var machines: [GroupMachine] = []
        for coordinator in groups.running.values {
            guard let machine = coordinator.machine else { return nil }
            machines.append(machine)
        }
        return machines
    }

    // MARK: Running

    /// A partition was opened: where groups live in it, they are loaded.
    func startCoordinator(of local: LocalPartition) {
        guard local.partition.id.topic == GroupsTopic.name else { return }
        let machine = GroupMachine(
            image: image, rules: groupRules, patterns: groups.patterns, observer: { [unowned self] in tell($0) })
        let coordinator = LocalCoordinator(machine, local, self) { [unowned self] machine in
            coordinatorLoadEnded(machine?.groupCount)
        }
        groups.load.begin(at: loop.now)
        groups.running[local.partition.id.partition] = coordinator
        coordinator.load()
    }

    func endCoordinator(of local: LocalPartition) {
        guard local.partition.id.topic == GroupsTopic.name,
            let coordinator = groups.running[local.partition.id.partition], coordinator.local === local
        else { return }
        groups.running[local.partition.id.partition] = nil
        coordinator.end()
    }

    /// The shard stops: members that wait are told to look elsewhere, and nothing more is decided.
    func endCoordinators() {
        let ended = groups.running
        groups.running.removeAll()
        for coordinator in ended.values { coordinator.end() }
    }

    private var groupRules: GroupRules {
        var own: [Name: [String: String]] = [:]
        for resource in image.configuredResources where resource.kind == .group {
            own[resource.name] = image.configuration(of: resource)
        }
        return GroupRules(
            image.liveSettings(context.configuration.settings, brokerId: context.nodeID), groups: own)
    }

    func tellCoordinators(of update: MetadataUpdate) {
        guard !groups.running.isEmpty else { return }
        let changed = update.delta.changedConfigurations
        if changed.contains(where: { $0.kind != .topic }) {
            let rules = groupRules
            for coordinator in groups.running.values { coordinator.tell(.rulesChanged(rules)) }
        }
        guard !update.delta.changedTopics.isEmpty || !update.delta.removedTopics.isEmpty else { return }
        let removed = Set(update.delta.removedTopics.values.map { Name($0) })
        for coordinator in groups.running.values {
            coordinator.tell(.metadataChanged(update.image, removedTopics: removed))
        }
    }

    /// A coordinator has records for the writes of this tick.
    func coordinatorDecided(_ coordinator: any AnyLocalCoordinator) {
        if !groups.decided.contains(where: { $0 === coordinator }) { groups.decided.append(coordinator) }
        loop.requestTick()
    }

    /// Before the writes of a tick: appends what the coordinators decided.
    func appendDecisions() {
        while !groups.decided.isEmpty {
            let decided = groups.decided
            groups.decided.removeAll(keepingCapacity: true)
            for coordinator in decided { coordinator.appendDecisions() }
        }
    }
}

/// The topic that groups and their offsets live in.
enum GroupsTopic {
    static let name = "__consumer_offsets"

    /// Where a group lives: by the hash of Java's strings, so that every client and tool finds the same.
    static func partition(of group: String, count: Int) -> Int32 {
        var hash: Int32 = 0
        for unit in group.utf16 { hash = hash &* 31 &+ Int32(unit) }
        return (hash & .max) % Int32(clamping: max(count, 1))
    }
}
