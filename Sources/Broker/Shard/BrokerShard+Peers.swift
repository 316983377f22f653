import Bytes
import KafkaProtocol
import LogStorage
import Replication
import Runtime

/// Work for partitions that another shard owns: the question goes as a call to that shard's mailbox, the answer comes back
/// the same way.
extension BrokerShard {
    enum Location {
        case here(LocalPartition)
        case elsewhere(shard: Int, topicID: UUID)
        case unknown(ErrorCode)
    }

    /// Where the partition that a client named is served.
    func locate(_ key: FetchKey) -> Location {
        guard let entry = key.isByID ? topics[key.topicID] : topics[key.name] else {
            return .unknown(key.isByID ? .unknownTopicId : .unknownTopicOrPartition)
        }
        return locate(entry, key.partition)
    }

    func locate(_ entry: TopicEntry, _ partition: Int32) -> Location {
        guard let route = entry.route(partition) else { return .unknown(.unknownTopicOrPartition) }
        if route.shard != index { return .elsewhere(shard: route.shard, topicID: entry.id) }
        guard let local = route.partition else { return .unknown(.notLeaderOrFollower) }
        return .here(local)
    }

    /// The partition, where this shard owns it and its log is open.
    func local(_ topicID: UUID, _ partition: Int32) -> LocalPartition? {
        topics[topicID]?.route(partition)?.partition
    }

    /// Asks `question` where the partition is owned, with nil where it is not open there, and runs `then` here with what it
    /// replies, at once or later. Without a detour where this shard owns it.
    func ask<Answer: Sendable>(
        _ owner: Int, _ topicID: UUID, _ partition: Int32,
        _ question: @escaping @Sendable (LocalPartition?, @escaping (Answer) -> Void) -> Void,
        then: @escaping (Answer) -> Void
    ) {
        if owner == index { return question(local(topicID, partition), then) }
        let ticket = answers.issue { answer in
            guard let answer = answer as? Answer else {
                preconditionFailure("an answer has the type that was asked for")
            }
            then(answer)
        }
        let home = peers[index]
        peers[owner].post(
            .call { shard in
                question(shard.local(topicID, partition)) { answer in
                    home.post(.call { $0.redeem(ticket, answer) })
                }
            })
    }

    func redeem(_ ticket: UInt64, _ answer: some Sendable) { answers.take(ticket)?(answer) }

    // MARK: Produce

    /// Has another shard append the batch; its outcome completes the request by the token.
    func appendElsewhere(
        _ owner: Int, _ topicID: UUID, _ item: ProduceItem, _ options: ProduceOptions
    ) -> ProducedPartition {
        let batch = Buffer(copying: UnsafeRawBufferPointer(item.records))
        let partition = item.partition
        let home = peers[index]
        peers[owner].post(
            .call { shard in
                var produced = ProducedPartition(index: partition, error: .notLeaderOrFollower)
                if let local = shard.local(topicID, partition) {
                    let memory = shard.allocateForTick(batch.count)
                    batch.withUnsafeBytes { memory.copyMemory(from: $0) }
                    produced = local.append(memory, options, index: partition)
                }
                let outcome = produced
                if options.acks != 0 {
                    home.post(.call { $0.sessions[options.token.session]?.appended(options.token, outcome) })
                } else if outcome.error != .none {
                    home.post(.call { $0.sessions[options.token.session]?.refusedUnanswered(outcome.error) })
                }
            })
        return ProducedPartition(index: partition, isWaiting: options.acks != 0)
    }

    // MARK: Fetch

    /// Reads a partition of another shard. Cold reads are made there.
    func fetchElsewhere(
        _ owner: Int, _ topicID: UUID, _ target: FetchTarget, _ options: FetchOptions, budget: Int,
        then: @escaping (FetchedPartition) -> Void
    ) {
        ask(
            owner, topicID, target.key.partition,
            { local, reply in
                guard let local else { return reply(FetchedPartition(error: .notLeaderOrFollower)) }
                local.fetch(target, options, budget: budget, atLeastOneBatch: true, then: reply)
            }, then: then)
    }

    /// Has another shard say when the partition moves beyond what `interest` was told.
    func watchElsewhere(_ interest: FetchInterest, seen: FetchedPartition?) {
        guard case .elsewhere(let owner, let topicID) = locate(interest.target.key) else { return }
        guard let ticket = watches.arm(interest) else { return }
        let partition = interest.target.key.partition
        let marks = seen.map { PeerWatcher.Marks(highWatermark: $0.highWatermark, logStartOffset: $0.logStartOffset) }
        let home = peers[index]
        peers[owner].post(
            .call { shard in
                let watcher = PeerWatcher { bytes in home.post(.call { $0.watchFired(ticket, bytes: bytes) }) }
                guard let local = shard.local(topicID, partition) else { return watcher.partitionClosed() }
                watcher.watch(local.partition, seen: marks)
            })
    }
}

extension BrokerShard {
    fileprivate func watchFired(_ ticket: UInt64, bytes: Int) {
        guard let interest = watches.take(ticket), !interest.isWithdrawn else { return }
        interest.partitionMoved(bytes: bytes)
    }
}

/// Tells a fetch on another shard, once, that a partition moved.
private final class PeerWatcher: PartitionSubscriber {
    private let tell: (Int) -> Void
    private var partition: Partition?

    init(_ tell: @escaping (Int) -> Void) { self.tell = tell }

    /// What a fetch was told of the partition last.
    struct Marks: Sendable {
        let highWatermark: Int64
        let logStartOffset: Int64
    }

    func watch(_ partition: Partition, seen: Marks?) {
        guard seen?.highWatermark == partition.highWatermark, seen?.logStartOffset == partition.log.logStartOffset
        else {
            return tell(Int.max)
        }
        self.partition = partition
        partition.subscribe(self)
    }

    func partitionMoved(bytes: Int) {
        partition?.unsubscribe(self)
        partition = nil
        tell(bytes)
    }

    func partitionClosed() {
        partition = nil
        tell(Int.max)
    }
}

/// Interests whose partitions lie on other shards and that wait to be told of a move.
struct FetchWatches {
    private var armed: [UInt64: FetchInterest] = [:]
    private var next: UInt64 = 1

    /// A ticket for the one call that will come; nil where one is on its way already.
    mutating func arm(_ interest: FetchInterest) -> UInt64? {
        guard !interest.isWatchedElsewhere, !interest.isWithdrawn else { return nil }
        interest.isWatchedElsewhere = true
        defer { next += 1 }
        armed[next] = interest
        return next
    }

    mutating func take(_ ticket: UInt64) -> FetchInterest? {
        let interest = armed.removeValue(forKey: ticket)
        interest?.isWatchedElsewhere = false
        return interest
    }
}

/// Questions to other shards that have no answer yet.
struct PendingAnswers {
    private var waiting: [UInt64: (any Sendable) -> Void] = [:]
    private var next: UInt64 = 1

    mutating func issue(_ then: @escaping (any Sendable) -> Void) -> UInt64 {
        defer { next += 1 }
        waiting[next] = then
        return next
    }

    mutating func take(_ ticket: UInt64) -> ((any Sendable) -> Void)? { waiting.removeValue(forKey: ticket) }
}
