import Bytes
import Collections
import Configuration
import DiskScheduler
import Files
import KafkaProtocol
import LogStorage
import Logging
import Metadata
import Quotas
import Records
import Replication
import Runtime

/// The root of what one shard owns: its connections, its partitions, its part of the disk work. Built on the shard's
/// thread and never seen by another; other shards and the control plane reach it by its mailbox.
final class BrokerShard {
    let index: Int
    let loop: Shard
    let context: BrokerContext
    let log = Logger(label: "broker")
    let recoveryLog = Logger(label: "log")
    let dispatch: DispatchTable
    let codecs = CodecScratch()
    let disk: DiskScheduler
    let tails = TailCache(capacity: 16 << 20)

    var image: ClusterImage
    /// What the broker runs by, with the settings made at run time.
    var configuration: BrokerConfiguration
    var topics = TopicTable()
    var fetchSessions: FetchSessionCache
    var random = SystemRandomNumberGenerator()
    /// Batches that became committed, or failed, in this tick.
    var acknowledgements: [Acknowledgement] = []
    /// The mailboxes of all shards, this one's included, by index. Complete before the first connection.
    var peers: [Mailbox<ShardMessage>] = []
    var control: Mailbox<ControlMessage>?
    var producerIDs = ProducerIDBlock()

    var sessions = SessionTable()
    var groups = GroupCoordinators()
    private var atEndOfTick: [() -> Void] = []
    /// Memory of batches that do not lie in a frame, until they are written.
    private var tickMemory: [UnsafeMutableRawBufferPointer] = []
    var directoryRoom: [DirectoryRoom]
    var failedDirectories: Set<Int> = []
    /// The logs with open files, of which there may be so many at a time.
    let descriptors: LogDescriptors
    /// On the shard that accepts: who may connect.
    lazy var limits = ConnectionLimits(
        context.configuration.network, maximum: context.descriptors.connections,
        window: QuotaWindow(context.configuration.quotas.clients))
    let requests = RequestMetrics()
    let quotas: ShardQuotas
    var topicSeries: TopicSeries
    var groupSeries: GroupSeries
    /// Fetches that wait for records.
    var parkedFetches = 0
    var watches = PartitionWatches()
    var answers = PendingAnswers()
    var openings = PartitionOpenings()
    /// The broker stops: nothing is opened any more.
    var areLogsClosed = false
    var removals = DelayedRemovals()
    /// Partitions on their way to another log directory.
    var moves: [TopicPartition: LogMove] = [:]
    /// Whether the moves that the last run did not finish go on.
    var hasResumedMoves = false
    lazy var compactor = ShardCompactor(self)
    /// Partitions whose offsets moved since the control plane was told where they stand.
    var moved: [TopicPartition: LocalPartition] = [:]
    /// Topics that the control plane was asked to create on the side.
    var autoCreating: Set<String> = []
    var partitionsPerDirectory: [Int]
    /// On the shard that accepts: which one got the last connection.
    var lastAssigned = 0
    /// On the shard that accepts: connections that were refused and are still to be closed.
    var delayedConnections = 0

    init(index: Int, loop: Shard, context: BrokerContext, dispatch: DispatchTable) {
        self.index = index
        self.loop = loop
        self.context = context
        self.dispatch = dispatch
        image = .empty
        configuration = context.configuration
        descriptors = LogDescriptors(limit: max(context.descriptors.logs / context.shardCount, 16))
        disk = DiskScheduler(shard: loop, pool: context.pool, syncThreads: context.syncThreads)
        quotas = ShardQuotas(
            loop: loop, window: QuotaWindow(context.configuration.quotas.clients), shardCount: context.shardCount)
        partitionsPerDirectory = context.directories.map { _ in 0 }
        directoryRoom = context.directories.map { _ in DirectoryRoom() }
        fetchSessions = FetchSessionCache(
            capacity: context.configuration.network.fetchSessionSlots, shard: index, shardCount: context.shardCount)
        topicSeries = TopicSeries(
            maximumTopics: context.configuration.observability.maximumTopicSeries,
            maximumPartitions: context.configuration.observability.maximumPartitionSeries)
        groupSeries = GroupSeries(context.configuration.observability, shardCount: context.shardCount)
        loop.onEndOfTick { [unowned self] in endOfTick() }
    }

    /// Learns how to reach the other threads; the first thing that a shard is told.
    func meet(peers: [Mailbox<ShardMessage>], control: Mailbox<ControlMessage>) {
        self.peers = peers
        self.control = control
        if peers.count > 1 { quotas.tellOthers = { [unowned self] in tellOthers($0) } }
        startMaintenance()
    }

    func receive(_ message: ShardMessage) {
        switch message {
        case .metadata(let update): reconcile(update)
        case .call(let body): body(self)
        case .connection(let handoff, let listener): adopt(handoff, listener)
        }
    }

    // MARK: The end of a tick

    /// Runs `action` once, after the disk work of this tick.
    func runAtEndOfTick(_ action: @escaping () -> Void) {
        atEndOfTick.append(action)
        loop.requestTick()
    }

    private func endOfTick() {
        appendDecisions()
        disk.endOfTick()
        deliverAcknowledgements()
        while !atEndOfTick.isEmpty {
            let actions = atEndOfTick
            atEndOfTick.removeAll(keepingCapacity: true)
            for action in actions { action() }
        }
        requests.endOfTick(beginning: loop.now)
        for memory in tickMemory { memory.deallocate() }
        tickMemory.removeAll(keepingCapacity: true)
    }

    private func deliverAcknowledgements() {
        guard !acknowledgements.isEmpty else { return }
        let delivered = acknowledgements
        acknowledgements.removeAll(keepingCapacity: true)
        var elsewhere: [Int: [Acknowledgement]] = [:]
        for acknowledgement in delivered {
            if let partition = acknowledgement.token.coordinatorPartition {
                groups.running[partition]?.acknowledge(acknowledgement.outcome)
                continue
            }
            let home = Int(acknowledgement.token.shard)
            if home == index {
                sessions[acknowledgement.token.session]?.acknowledge(acknowledgement)
            } else {
                elsewhere[home, default: []].append(acknowledgement)
            }
        }
        for (home, group) in elsewhere {
            peers[home].post(
                .call { shard in
                    for acknowledgement in group {
                        shard.sessions[acknowledgement.token.session]?.acknowledge(acknowledgement)
                    }
                })
        }
    }

    var requestLimits: RequestLimits { RequestLimits(topics) }

    // MARK: Memory

    /// Memory that is valid until the end of the tick.
    func allocateForTick(_ count: Int) -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        tickMemory.append(memory)
        return memory
    }

    /// The batch in the topic's own codec, or nil where its records cannot be unpacked.
    func rebuild(
        _ batch: UnsafeRawBufferPointer, _ facts: BatchFacts, _ rules: PartitionRules
    ) -> UnsafeMutableRawBufferPointer? {
        let source = facts.header.attributes.compression ?? .none
        let rebuilder = BatchRebuilder(
            compression: rules.compression ?? source, level: rules.compression == nil ? nil : rules.compressionLevel,
            maximumDecompressedSize: rules.verification.maximumDecompressedSize, scratch: codecs)
        guard let view = try? RecordBatchView(batch), let rebuilt = try? rebuilder.rebuild(view, facts) else {
            return nil
        }
        let memory = allocateForTick(rebuilt.count)
        rebuilt.withUnsafeBytes { memory.copyMemory(from: $0) }
        return memory
    }

    func reportCorruption(_ partition: TopicPartition, _ offsets: Range<Int64>) {
        log.error(
            "corrupt records: these offsets cannot be read",
            metadata: [
                "topic": "\(partition.topic)", "partition": .init(partition.partition),
                "first": .init(offsets.lowerBound), "end": .init(offsets.upperBound),
            ])
    }
}
