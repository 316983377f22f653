import Bytes
import Configuration
import Controller
import EmbeddedStore
import Files
import KafkaProtocol
import LogStorage
import Logging
import Metadata
import Quotas
import Runtime

/// The thread of decisions: it owns the metadata store and the controller, takes admin requests, appends their records,
/// and hands the resulting images to the shards. A reply leaves when every shard has applied what it speaks of.
final class ControlPlane {
    private let loop: Shard
    private let context: BrokerContext
    private let log = Logger(label: "controller")
    private let store: EmbeddedStore
    private var controller: Controller
    private let epoch: Int32
    private var shards: [MetadataSubscriber] = []
    private var random = SystemRandomNumberGenerator()
    private var publications = Publications()
    private var removals = TopicRemovals()
    private var isForgettingLater = false
    private let checkpoints: CheckpointKeeper
    private let metrics: MetricsGatherer
    private var mutations: MutationQuotas
    private var storeHasFailed = false
    private var news = MetadataNews(Logger(label: "controller"))

    /// Opens the metadata and takes the lead over it.
    init(loop: Shard, context: BrokerContext) throws(StartupError) {
        self.loop = loop
        self.context = context
        let loaded = try LoadedMetadata.load(context, now: loop.wallClockMs, log: log)
        store = loaded.store
        epoch = loaded.controllerEpoch
        controller = Controller(configuration: context.configuration, image: loaded.image)
        checkpoints = CheckpointKeeper(context: context)
        metrics = MetricsGatherer(loop: loop, context: context)
        mutations = MutationQuotas(window: QuotaWindow(context.configuration.quotas.mutations))
        loop.onEndOfTick { [unowned self] in checkpoints.writeIfDue(now: loop.now) }
        scheduleUpkeep()
        putStraysAside()
        guard commit(controller.bootstrap().records, {}) else {
            throw StartupError(.environment, "the metadata cannot be written")
        }
    }

    func receive(_ message: ControlMessage) {
        switch message {
        case .meet(let shards): self.shards = shards
        case .measure(let sources): metrics.sources = sources
        case .publishStart(let done): publishStart(done)
        case .register(let endpoints, let done): register(endpoints, done)
        case .close(let done): done(close())
        case .decide(let body): body(self)
        case .autoCreate(let names, let reply):
            let result = controller.autoCreateTopics(names, using: &random)
            if !commit(result.records, { reply(result.reply) }) {
                reply(Dictionary(uniqueKeysWithValues: names.map { ($0, .kafkaStorageError) }))
            }
        case .producerIDs(let reply): allocateProducerIDs(reply)
        case .applied(let update): publications.applied(update)?()
        case .checkpoint(let entries): checkpoints.note(entries)
        case .checkpointNow(let entry, let done):
            checkpoints.note([entry])
            checkpoints.write(sync: true)
            done(checkpoints.isKept(entry.directory))
        case .forget(let id, let directory): checkpoints.forget(id, directory: directory)
        case .removed(let update, let partitions, let listener): removed(update, partitions, listener)
        case .metrics(let reply): answerMetrics(reply)
        }
    }

    private func removed(
        _ update: UInt64, _ partitions: [(TopicPartition, directory: Int)], _ listener: @escaping TopicRemovals.Listener
    ) {
        for (id, directory) in partitions { checkpoints.forget(id, directory: directory) }
        let isLast = removals.add(listener, from: partitions.map(\.directory), to: update, shards: shards.count)
        if isLast { forgetRemoved() }
    }

    /// Until the files are written the names stay unused: a disk that is full or broken is asked again.
    private func forgetRemoved() {
        checkpoints.write(sync: true)
        for listener in removals.takeForgotten(by: checkpoints.isKept) { listener(.forgotten) }
        guard !removals.waiting.isEmpty else { return }
        for removal in removals.waiting {
            for listener in removal.listeners {
                listener(.remembered(fullDirectories: checkpoints.fullDirectories))
            }
        }
        guard !isForgettingLater else { return }
        isForgettingLater = true
        loop.schedule(after: .seconds(1)) { [unowned self] in
            isForgettingLater = false
            forgetRemoved()
        }
    }

    private func allocateProducerIDs(_ reply: @escaping @Sendable (Range<Int64>?) -> Void) {
        let broker = controller.image.brokers[context.nodeID]
        let result = controller.allocateProducerIds(brokerId: context.nodeID, brokerEpoch: broker?.epoch ?? -1)
        guard case .success(let block) = result.reply else { return reply(nil) }
        if !commit(result.records, { reply(block) }) { reply(nil) }
    }

    private func answerMetrics(_ reply: @escaping MetricsGatherer.Reply) {
        metrics.answer(
            { [unowned self] in
                ClusterReport(
                    image: controller.image, controllerEpoch: epoch, hasStoreFailed: storeHasFailed,
                    minimumInSyncReplicas: context.configuration.topics.defaults.minInSyncReplicas)
            }, reply)
    }

    // MARK: Start and stop

    /// Directories of partitions that no topic has, as those of topics that were deleted while the broker was stopped, and
    /// the second of two of one partition, which the end of a move leaves alike when the process dies then.
    private func putStraysAside() {
        for (index, directory) in context.directories.enumerated() {
            for (id, topicID) in directory.partitions {
                let topic = controller.image.topics[id.topic]
                if let topic, Int(id.partition) < topic.partitions.count,
                    context.directory(of: id, topicID: topic.id) == index
                {
                    continue
                }
                do throws(FileError) {
                    try directory.putAside(id, context.fileSystem)
                    if let found = topicID, let expected = controller.image.topics[id.topic]?.id, expected != found {
                        BrokerDirectory.reportForeign(id, found: found, expected: expected, in: directory.path)
                        continue
                    }
                    log.warning(
                        "this directory of a partition is not used: it was put aside",
                        metadata: ["partition": "\(id)", "directory": "\(directory.path)"])
                } catch {
                    log.warning("a stray directory is left", metadata: ["partition": "\(id)", "error": "\(error)"])
                }
            }
        }
    }

    private func publishStart(_ done: @escaping @Sendable () -> Void) {
        do {
            publish(
                try ClusterDelta(base: .empty, snapshot: MetadataSnapshot(controller.image)),
                strays: checkpoints.forgetStrays(of: controller.image), done)
        } catch {
            preconditionFailure("an image is rebuilt from its own snapshot: \(error)")
        }
    }

    private func register(_ endpoints: [BrokerEndpoint], _ done: @escaping @Sendable (Bool) -> Void) {
        let registration = BrokerRegistration(
            brokerId: context.nodeID, incarnationId: .random(using: &random), endpoints: endpoints,
            rack: context.configuration.rack, features: FinalizedFeatures.supported,
            logDirectories: context.directories.map(\.id))
        // Not to be waited for: the shard that asks is blocked until this answers.
        done(commit(controller.registerBroker(registration).records, {}))
    }

    /// Whether the next start finds everything as it is now.
    private func close() -> Bool {
        checkpoints.write(sync: true)
        do {
            try store.close(now: loop.wallClockMs)
            return true
        } catch {
            log.warning("the metadata store was not closed in order", metadata: ["error": "\(error)"])
            return false
        }
    }

    // MARK: Committing

    /// Appends records and runs `then` when all shards have applied them; with none to append, at once. False where the
    /// store takes none; then nothing has changed.
    private func commit(_ records: [MetadataRecord], _ then: @escaping () -> Void) -> Bool {
        guard !records.isEmpty else {
            then()
            return true
        }
        guard !storeHasFailed else { return false }
        let now = loop.wallClockMs
        var delta = ClusterDelta(base: controller.image)
        do {
            let first = try store.append(records, fencedBy: epoch, now: now)
            try delta.replay(MetadataBatch(firstOffset: first, controllerEpoch: epoch, time: now, records: records))
        } catch StoreError.disk(let error) {
            log.error("no room for metadata: nothing was changed", metadata: ["error": "\(error)"])
            return false
        } catch {
            storeHasFailed = true
            log.error(
                "metadata cannot be stored: nothing is changed until a restart",
                metadata: ["error": "\(error)"])
            return false
        }
        controller.image = delta.image
        news.tell(delta, at: loop.nowMs)
        publish(delta, then)
        return true
    }

    private func publish(
        _ delta: ClusterDelta, strays: (names: Set<String>, directories: Set<Int>) = ([], []),
        _ then: @escaping () -> Void
    ) {
        guard !shards.isEmpty else { return then() }
        let number = publications.add(shards: shards.count, then: then)
        let update = MetadataUpdate(
            delta: delta, image: controller.image, number: number, forgottenNames: strays.names)
        if !strays.names.isEmpty { removals.expect(strays.directories, of: number) }
        for tell in shards { tell(update) }
    }

    /// A tick now and then, so that checkpoints and snapshots are written although nobody asks for anything.
    private func scheduleUpkeep() {
        loop.schedule(after: .seconds(1)) { [unowned self] in
            writeSnapshotIfDue()
            news.settle(at: loop.nowMs)
            scheduleUpkeep()
        }
    }

    private func writeSnapshotIfDue() {
        let now = loop.wallClockMs
        guard !storeHasFailed, store.wantsSnapshot(now: now) else { return }
        do {
            try store.write(MetadataSnapshot(controller.image), now: now)
        } catch {
            log.warning("no metadata snapshot was written", metadata: ["error": "\(error)"])
        }
    }
}

extension ControlPlane: DecisionMaker {
    func decide<Response: ChangeResponse>(
        within limit: MutationLimit?,
        _ decision: (Controller, inout SystemRandomNumberGenerator, (Int) -> Bool) -> ControllerResult<Response>,
        reply: @escaping @Sendable (Response) -> Void
    ) {
        let now = loop.nowMs
        var budget = limit.map { mutations.budget($0.quota, isStrict: $0.isStrict, now: now) }
        var result = decision(controller, &random) { budget?.permits($0) ?? true }
        if let budget {
            mutations.settle(budget, now: now)
            result.reply.throttleTimeMs = Int32(clamping: budget.throttleMs)
        }
        let answer = result.reply
        if commit(result.records, { reply(answer) }) { return }
        var refusal = answer
        refusal.notStored()
        reply(refusal)
    }
}
