import Bytes
import KafkaProtocol
import Records
import Runtime

/// Takes what a consumer fetched.
public protocol ConsumerDelegate: AnyObject {
    /// Called for each record, in order. It may pause, unassign and close.
    func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition)

    /// The position is known, or has moved past records, or past what is not shown to consumers; `end` is where readers of
    /// this isolation level have to wait.
    func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition)

    /// The log has no record at the position, nor ends there; reading goes on where `ConsumerConfiguration.offsetReset` says.
    func consumer(_ consumer: Consumer, lost position: Int64, of partition: TopicPartition)

    /// Reading of the partition has ended, until it is assigned again.
    func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError)
}

extension ConsumerDelegate {
    public func consumer(_ consumer: Consumer, lost position: Int64, of partition: TopicPartition) {}
}

/// Reads partitions that it is told to, each from a position, and hands its delegate the records in order.
///
/// It belongs to its client's event loop. Positions are not stored anywhere: that is what groups are for.
public final class Consumer {
    public let configuration: ConsumerConfiguration
    /// Whom to tell.
    public weak var delegate: (any ConsumerDelegate)?

    let client: Client
    var positions: [TopicPartition: PartitionPosition] = [:]
    /// All partitions; those that were served stand behind those that were not.
    var order: [TopicPartition] = []
    /// Brokers that have a fetch of ours.
    var busyBrokers: Set<Int32> = []
    let scratch = CodecScratch()
    /// Set when the delegate changed what is read while it was handed records.
    var isInterrupted = false
    private var nextGeneration = 0
    private var isStepScheduled = false
    private var isClosed = false

    public init(client: Client, configuration: ConsumerConfiguration = ConsumerConfiguration()) {
        self.client = client
        self.configuration = configuration
        client.observeMetadata { [weak self] in self?.scheduleStep() }
    }

    /// Starts to read a partition, or to read it from elsewhere.
    public func assign(_ partition: TopicPartition, from start: StartPosition) {
        if positions[partition] == nil { order.append(partition) }
        nextGeneration += 1
        positions[partition] = PartitionPosition(
            phase: .unpositioned(start), generation: nextGeneration,
            backoff: Backoff(
                initial: client.configuration.retryBackoff, maximum: client.configuration.retryBackoffMaximum))
        isInterrupted = true
        client.track(topic: partition.topic)
        scheduleStep()
    }

    /// Stops reading a partition and forgets its position.
    public func unassign(_ partition: TopicPartition) {
        positions[partition] = nil
        order.removeAll { $0 == partition }
        isInterrupted = true
    }

    /// Stops reading, keeps the position. The record being handed over counts as read.
    public func pause(_ partition: TopicPartition) {
        positions[partition]?.isPaused = true
        isInterrupted = true
    }

    public func resume(_ partition: TopicPartition) {
        positions[partition]?.isPaused = false
        scheduleStep()
    }

    /// The offset of the next record to be handed over; nil while it is not known.
    public func position(of partition: TopicPartition) -> Int64? {
        guard let position = positions[partition], position.offset >= 0 else { return nil }
        return position.offset
    }

    public func close() {
        isClosed = true
        isInterrupted = true
        positions = [:]
        order = []
    }

    /// Looks at the end of the tick at what can be done.
    func scheduleStep() {
        guard !isStepScheduled, !isClosed else { return }
        isStepScheduled = true
        client.loop.atEndOfTick { [weak self] in
            guard let self else { return }
            isStepScheduled = false
            guard !isClosed else { return }
            lookUpStarts()
            fetch()
        }
    }

    func fail(_ partition: TopicPartition, _ error: ClientError) {
        positions[partition]?.phase = .failed
        delegate?.consumer(self, failed: partition, with: error)
    }
}

// MARK: - Starting

extension Consumer {
    private func lookUpStarts() {
        var wanted: [TopicPartition: StartPosition] = [:]
        for partition in order {
            guard case .unpositioned(let start)? = positions[partition]?.phase else { continue }
            if case .offset(let offset) = start {
                begin(partition, at: offset)
            } else {
                wanted[partition] = start
                positions[partition]?.phase = .positioning
            }
        }
        guard !wanted.isEmpty else { return }
        let generations = wanted.keys.map { ($0, positions[$0]?.generation) }
        client.listOffsets(wanted, isolationLevel: configuration.isolationLevel) { [weak self] results in
            guard let self else { return }
            for (partition, generation) in generations where positions[partition]?.generation == generation {
                switch results[partition] {
                case .success(let found)?: begin(partition, at: found.offset)
                case .failure(let error)?: fail(partition, error)
                case nil: positions[partition]?.phase = .failed
                }
            }
            scheduleStep()
        }
    }

    private func begin(_ partition: TopicPartition, at offset: Int64) {
        positions[partition]?.offset = offset
        positions[partition]?.phase = .ready
    }
}
