import Bytes
import Configuration
import KafkaProtocol
import LogStorage
import Logging
import Metadata
import Runtime

/// What handlers need besides partitions: the control plane and the blocking pool.
extension BrokerShard {
    /// Runs `job` on the blocking pool and `then` here with its result. A pool that takes no more is asked again soon.
    func runOnPool<Result: Sendable>(_ job: @escaping @Sendable () -> Result, then: @escaping (Result) -> Void) {
        do {
            try loop.run(on: context.pool, job: job, then: then)
        } catch {
            loop.schedule(after: .milliseconds(5)) { [self] in runOnPool(job, then: then) }
        }
    }

    // MARK: Topics created on the side

    /// Has topics created that a client named; it is told that they are unknown, and finds them when it asks again.
    func autoCreate(_ names: [String]) {
        guard context.configuration.topics.autoCreates else { return }
        create(names)
    }

    /// Has a topic of the broker's own created.
    func create(_ internalTopic: String) { create([internalTopic]) }

    private func create(_ names: [String]) {
        let fresh = names.filter { autoCreating.insert($0).inserted }
        guard !fresh.isEmpty else { return }
        let home = peers[index]
        control?.post(
            .autoCreate(fresh) { outcome in
                home.post(.call { $0.autoCreated(outcome) })
            })
    }

    private func autoCreated(_ outcome: [String: ErrorCode]) {
        autoCreating.subtract(outcome.keys)
        let failed = outcome.filter { $0.value != .none && $0.value != .topicAlreadyExists }
        guard !failed.isEmpty else { return }
        let first = failed.sorted { $0.key < $1.key }.prefix(3).map { "\($0.key) (\($0.value))" }
        log.warning(
            "topics not created on demand",
            metadata: ["count": .init(failed.count), "first": "\(first.joined(separator: ", "))"])
    }

    // MARK: Producer ids

    /// A producer id that nobody has; nil when the metadata store fails.
    func nextProducerID(_ then: @escaping (Int64?) -> Void) {
        if let id = producerIDs.take() { return then(id) }
        producerIDs.waiting.append(then)
        guard !producerIDs.isAsking else { return }
        producerIDs.isAsking = true
        let home = peers[index]
        control?.post(.producerIDs { block in home.post(.call { $0.receive(block) }) })
    }

    private func receive(_ block: Range<Int64>?) {
        producerIDs.isAsking = false
        if let block { producerIDs.block = block }
        let waiting = producerIDs.waiting
        producerIDs.waiting.removeAll()
        for then in waiting {
            if block == nil { then(nil) } else { nextProducerID(then) }
        }
    }
}
