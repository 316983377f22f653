import Bytes
import KafkaProtocol
import Records
import Runtime

/// Writes records: gathers them into batches by partition, sends those to the partitions' leaders, and reports of each
/// record where it is or why it is not.
///
/// It belongs to its client's event loop. Handlers are called there.
public final class Producer {
    public let configuration: ProducerConfiguration
    /// Called when the producer was full and has room again.
    public var onRoom: (() -> Void)?
    /// Called with the reason whenever a partition's records could not be written, and are tried again. For people to read.
    public var onRetry: ((TopicPartition, ClientError) -> Void)?
    /// Records that were accepted and not yet reported.
    public private(set) var outstandingRecords = 0
    /// Their bytes.
    public private(set) var bufferedBytes = 0

    let client: Client
    var partitions: [TopicPartition: PartitionState] = [:]
    /// Records of topics whose partitions are not known yet, in order.
    var unrouted: [String: [UnroutedRecord]] = [:]
    var partitioner: Partitioner
    let scratch = CodecScratch()
    var nextBatchId = 0
    /// Unanswered requests by broker.
    var inFlightRequests: [Int32: Int] = [:]
    /// The identity that partitions without one get.
    var identity: ProducerIdentity?
    var isIdentityRequested = false
    var isClosed = false
    private var isDrainScheduled = false
    private var wakeUp: (timer: ClientTimer, at: MonotonicTime)?
    private var flushes: [() -> Void] = []
    private var wasFull = false

    struct PartitionState {
        var open: OpenBatch?
        var queue: PartitionQueue
        var backoff: Backoff
        /// Why nothing could be written since the last batch that was.
        var lastError: ClientError?
    }

    struct UnroutedRecord {
        let record: ProducerRecord
        let delivery: DeliveryHandler?
        let acceptedAt: MonotonicTime
    }

    public init(client: Client, configuration: ProducerConfiguration = ProducerConfiguration()) {
        precondition(
            !configuration.isIdempotent || configuration.acks == .all, "an idempotent producer waits for all replicas")
        self.client = client
        self.configuration = configuration
        partitioner = Partitioner(stickyBytes: configuration.batchSize)
        client.observeMetadata { [weak self] in self?.metadataArrived() }
    }

    /// Whether so much waits for delivery that no more should be sent until `onRoom`.
    public var isFull: Bool { bufferedBytes >= configuration.bufferMemory }

    /// Takes a record. Every record is reported, sooner or later; a full producer takes them too.
    public func send(_ record: ProducerRecord, delivery: DeliveryHandler? = nil) {
        let size = record.sizeEstimate
        guard !isClosed else {
            delivery?(.failure(ClientError(.closed, "the producer is closed")))
            return
        }
        guard size + RecordBatchHeader.size <= configuration.maximumRequestSize else {
            let limit = configuration.maximumRequestSize
            let message = "a record of \(size) bytes is larger than a request may be (\(limit))"
            delivery?(.failure(ClientError(.recordTooLarge, message)))
            return
        }
        outstandingRecords += 1
        bufferedBytes += size
        if isFull { wasFull = true }
        accept(UnroutedRecord(record: record, delivery: delivery, acceptedAt: client.loop.now))
        scheduleDrain()
    }

    /// Calls back when every record that was accepted so far, and any that is until then, has been reported. Batches do not
    /// wait for more records meanwhile.
    public func flush(_ completion: @escaping () -> Void) {
        flushes.append(completion)
        scheduleDrain()
    }

    /// Gives up on everything that was not delivered.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        if let wakeUp { client.loop.cancel(wakeUp.timer) }
        let error = ClientError(.closed, "the producer was closed first")
        let left = unrouted.values.flatMap { $0 }
        unrouted = [:]
        for record in left { report(record, error) }
        for partition in partitions.keys {
            seal(partition)
            let batches = partitions[partition]?.queue.removeAll() ?? []
            for batch in batches { report(batch, partition, .failure(error)) }
        }
        partitions = [:]
    }

    var isFlushing: Bool { !flushes.isEmpty }

    func scheduleDrain() {
        guard !isDrainScheduled, !isClosed else { return }
        isDrainScheduled = true
        client.loop.atEndOfTick { [weak self] in
            guard let self else { return }
            isDrainScheduled = false
            if !isClosed { drain() }
            finishFlushes()
        }
    }

    /// Makes sure to look again at `time`.
    func wakeUp(at time: MonotonicTime) {
        if let wakeUp {
            if wakeUp.at <= time { return }
            client.loop.cancel(wakeUp.timer)
        }
        let timer = client.loop.schedule(after: time - client.loop.now) { [weak self] in
            self?.wakeUp = nil
            self?.scheduleDrain()
        }
        wakeUp = (timer, time)
    }
}

// MARK: - Reports

extension Producer {
    func report(_ unrouted: UnroutedRecord, _ error: ClientError) {
        outstandingRecords -= 1
        bufferedBytes -= unrouted.record.sizeEstimate
        unrouted.delivery?(.failure(error))
        madeProgress()
    }

    /// Reports the records of a batch; on success with the offset of the first and the broker's time, each -1 if unknown.
    func report(
        _ batch: ProducerBatch, _ partition: TopicPartition,
        _ result: Result<(baseOffset: Int64, logAppendTimeMs: Int64), ClientError>
    ) {
        outstandingRecords -= batch.deliveries.count
        bufferedBytes -= batch.bufferedBytes
        switch result {
        case .failure(let error):
            for delivery in batch.deliveries { delivery?(.failure(error)) }
        case .success(let (baseOffset, logAppendTimeMs)):
            for (index, delivery) in batch.deliveries.enumerated() {
                guard let delivery else { continue }
                let offset = baseOffset < 0 ? -1 : baseOffset &+ Int64(index)
                let timestamp = logAppendTimeMs < 0 ? batch.timestamps[index] : logAppendTimeMs
                delivery(.success(RecordMetadata(partition: partition, offset: offset, timestamp: timestamp)))
            }
        }
        madeProgress()
    }

    private func madeProgress() {
        if wasFull, bufferedBytes <= configuration.bufferMemory / 2 {
            wasFull = false
            onRoom?()
        }
        finishFlushes()
    }

    private func finishFlushes() {
        guard outstandingRecords == 0, !flushes.isEmpty else { return }
        let finished = flushes
        flushes = []
        for completion in finished { completion() }
    }
}
