import Bytes
import KafkaProtocol
import Runtime

extension Client {
    /// Finds out when the first record from an offset on was written, by a fetch of its batch.
    ///
    /// - Parameters:
    ///   - offsets: where to look, for each partition below where it ends.
    ///   - timeout: what is not found by then is left out; nil is the configuration's `callTimeout`.
    ///   - completion: is given milliseconds since 1970. Partitions that have no record there, or none with a time, are
    ///     left out.
    public func recordTimes(
        at offsets: [TopicPartition: Int64], timeout: Interval? = nil,
        completion: @escaping ([TopicPartition: Int64]) -> Void
    ) {
        let search = RecordTimeSearch(self, offsets, completion)
        search.start(timeout: timeout ?? configuration.callTimeout)
    }
}

/// Reads one record of each of several partitions.
private final class RecordTimeSearch: ConsumerDelegate {
    private let client: Client
    private let consumer: Consumer
    private var open: Set<TopicPartition>
    private let offsets: [TopicPartition: Int64]
    private var times: [TopicPartition: Int64] = [:]
    private var completion: (([TopicPartition: Int64]) -> Void)?
    private var timer: ClientTimer?
    /// The consumer does not keep its delegate.
    private var itself: RecordTimeSearch?

    init(
        _ client: Client, _ offsets: [TopicPartition: Int64], _ completion: @escaping ([TopicPartition: Int64]) -> Void
    ) {
        self.client = client
        self.offsets = offsets
        self.completion = completion
        open = Set(offsets.keys)
        var configuration = ConsumerConfiguration()
        // Of most partitions a batch comes with the first answer; a larger one comes when its turn is first.
        configuration.partitionMaximumBytes = 64 << 10
        configuration.maximumBytes = 8 << 20
        // What was read up to an offset that is gone by now: the first record that is left is the oldest unread.
        configuration.offsetReset = .earliest
        consumer = Consumer(client: client, configuration: configuration)
    }

    func start(timeout: Interval) {
        itself = self
        consumer.delegate = self
        timer = client.loop.schedule(after: timeout) { [weak self] in self?.finish() }
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            consumer.assign(partition, from: .offset(offset))
        }
        if open.isEmpty { client.loop.atEndOfTick { self.finish() } }
    }

    func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition) {
        if record.timestamp >= 0 { times[partition] = record.timestamp }
        close(partition)
    }

    func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition) {
        if position >= end { close(partition) }
    }

    func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError) {
        close(partition)
    }

    private func close(_ partition: TopicPartition) {
        consumer.unassign(partition)
        open.remove(partition)
        if open.isEmpty { finish() }
    }

    private func finish() {
        guard let completion else { return }
        self.completion = nil
        if let timer { client.loop.cancel(timer) }
        consumer.close()
        itself = nil
        completion(times)
    }
}
