import Bytes
import Configuration
import Files
import LogStorage
import Logging
import Metadata
import Replication
import Runtime

/// Compares what the metadata wants of this shard with what it has.
extension BrokerShard {
    func reconcile(_ update: MetadataUpdate) {
        image = update.image
        applySettings(update.delta.changedConfigurations)
        if update.delta.clientQuotasChanged { applyQuotas() }
        let expected = openings.expectedCount
        let removal = removeTopics(of: update)
        let settings = image.topicSettings(context.configuration.settings, brokerId: context.nodeID)
        // By name, so that the same topics have series of their own after each start.
        let changed = update.delta.changedTopics.compactMap { image.topics[$0] }.sorted { $0.name < $1.name }
        for topic in changed { apply(topic, settings.defaults()) }
        reconfigure(update.delta.changedConfigurations, settings.defaults())
        tellCoordinators(of: update)
        let applied: () -> Void = { [control] in control?.post(.applied(update: update.number)) }
        if openings.expectedCount > expected {
            removal.then { [self] in
                openings.whenDone(applied)
                openMore()
            }
        } else {
            removal.then(applied)
        }
        openMore()
    }

    private func apply(_ topic: TopicImage, _ defaults: TopicConfiguration) {
        let entry: TopicEntry
        if let known = topics[topic.id] {
            entry = known
        } else {
            let overrides = image.configuration(of: .topic(topic.name))
            entry = TopicEntry(
                id: topic.id, name: topic.name, configuration: defaults.overridden(by: overrides), partitions: [],
                metrics: topicSeries.admit())
            topics.insert(entry)
        }
        topicSeries.resize(entry.metrics, to: topic.partitions.count)
        for (index, state) in topic.partitions.enumerated() {
            let partition = Int32(index)
            if index < entry.partitions.count {
                entry.partitions[index].leader = state.leader
                entry.partitions[index].leaderEpoch = state.leaderEpoch
                entry.partitions[index].partition?.partition.lead(in: state.leaderEpoch)
                continue
            }
            let owner = context.owner(of: topic.id, partition)
            topics.append(
                PartitionRoute(shard: owner, leader: state.leader, leaderEpoch: state.leaderEpoch),
                to: entry)
            if owner == self.index, state.replicas.contains(context.nodeID) {
                context.status.found(logs: 1)
                open(PartitionOpening(topicID: topic.id, id: TopicPartition(topic: topic.name, partition: partition)))
            }
        }
    }

    private func reconfigure(_ changed: Set<ConfigurationResource>, _ defaults: TopicConfiguration) {
        guard !changed.isEmpty else { return }
        if changed.contains(.allBrokers) || changed.contains(.broker(context.nodeID)) {
            for entry in topics.entries {
                entry.reconfigure(defaults.overridden(by: image.configuration(of: .topic(entry.name))))
            }
            return
        }
        for resource in changed where resource.kind == .topic {
            guard let entry = topics[resource.name.text] else { continue }
            entry.reconfigure(defaults.overridden(by: image.configuration(of: resource)))
        }
    }

    // MARK: Opening

    /// Opens some of the partitions that wait for it, a group per job of the pool, and goes on as the groups come back.
    func openMore() {
        guard !areLogsClosed else { return }
        while let group = openings.next() { open(group) }
        for completion in openings.takeCompletions() { completion() }
        tellCoordinatorsLoaded()
    }

    private func open(_ opening: PartitionOpening) { if !openings.add(opening) { goOffline(opening) } }

    private func open(_ group: [PartitionOpening]) {
        var jobs: [LogOpening] = []
        for opening in group {
            guard let entry = topics[opening.topicID] else { continue }
            let rules = PartitionRules(entry.configuration, logs: context.configuration.logs)
            let place = opening.place ?? place(of: opening)
            partitionsPerDirectory[place] += 1
            jobs.append(LogOpening(opening, place: place, configuration: rules.log))
        }
        let (context, now, logs) = (context, loop.wallClockMs, jobs)
        runOnPool({ logs.map { $0.run(context, now: now) } }, then: opened)
    }

    private func opened(_ logs: [OpenedLog]) {
        for log in logs { take(log) }
        let failed = logs.count { if case .failure = $0.outcome { true } else { false } }
        context.status.opened(logs: logs.count - failed, failed: failed)
        for action in openings.finishedGroup() { action() }
        openMore()
        resumeMoves()
    }

    /// The directory that has the partition; else the one with the fewest, those that are cordoned only when all are.
    private func place(of opening: PartitionOpening) -> Int {
        if let known = context.directory(of: opening.id, topicID: opening.topicID) { return known }
        let open = partitionsPerDirectory.indices.filter { !isCordoned($0) }
        return (open.isEmpty ? Array(partitionsPerDirectory.indices) : open)
            .min { partitionsPerDirectory[$0] < partitionsPerDirectory[$1] } ?? 0
    }

    private func report(_ event: LogEvent, _ id: TopicPartition) {
        let message = "\(id): \(event)"
        switch event.level {
        // 10,000 partitions that are as they were left are no news.
        case .info: recoveryLog.debug("\(message)")
        case .warning: recoveryLog.warning("\(message)")
        case .error: recoveryLog.error("\(message)")
        }
    }

    /// A full disk, or a lack of descriptors, may be over soon.
    private func openAgain(_ opened: OpenedLog, _ error: FileError) {
        if error.isOutOfSpace { makeRoom(in: opened.directory) }
        loop.schedule(after: .seconds(5)) { [weak self] in
            guard let self else { return }
            context.status.opened(logs: 0, failed: -1)
            open(PartitionOpening(topicID: opened.topicID, id: opened.id, place: opened.directory))
            openMore()
        }
    }

    func take(_ opened: OpenedLog) {
        guard let entry = topics[opened.topicID], let route = entry.route(opened.id.partition) else {
            // The topic was deleted meanwhile.
            partitionsPerDirectory[opened.directory] -= 1
            return openings.addOrphan(RemovedPartition(opened))
        }
        switch opened.outcome {
        case .failure(let error):
            // It is tried every few seconds, which is said once.
            if !route.isOffline {
                log.error(
                    "a partition cannot be opened",
                    metadata: [
                        "topic": "\(opened.id.topic)", "partition": .init(opened.id.partition), "error": "\(error)",
                    ])
            }
            partitionsPerDirectory[opened.directory] -= 1
            entry.goOffline(opened.id.partition)
            if error.passes { openAgain(opened, error) }
        case .success(let recovered):
            for event in recovered.events { report(event, opened.id) }
            context.status.checked(bytes: recovered.checkedBytes)
            let partition = Partition(
                id: opened.id, topicID: opened.topicID, leaderEpoch: route.leaderEpoch, log: Log(recovered))
            let local = LocalPartition(
                partition, directory: opened.directory,
                rules: PartitionRules(entry.configuration, logs: context.configuration.logs), metrics: entry.metrics,
                shard: self)
            entry.partitions[Int(opened.id.partition)].partition = local
            startCoordinator(of: local)
        }
    }
}
