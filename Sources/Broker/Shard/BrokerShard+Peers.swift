import Bytes
import KafkaProtocol
import LogStorage
import Replication
import Runtime

/// Work for partitions that another shard owns: the question goes as a call to that shard's mailbox, the answer comes back
/// the same way.
extension BrokerShard {
    /// Where a partition is served, or why it is not.
    enum Location {
        case here(LocalPartition)
        case elsewhere(shard: Int, topicID: UUID)
        case unknown(ErrorCode)
    }

    func locate(_ entry: TopicEntry, _ partition: Int32) -> Location {
        guard let route = entry.route(partition) else { return .unknown(.unknownTopicOrPartition) }
        if route.shard != index { return .elsewhere(shard: route.shard, topicID: entry.id) }
        guard let local = route.partition else { return .unknown(route.refusal) }
        return .here(local)
    }

    /// The partition, where this shard owns it and its log is open.
    func local(_ topicID: UUID, _ partition: Int32) -> LocalPartition? {
        topics[topicID]?.route(partition)?.partition
    }

    /// Why a client cannot have a partition.
    struct NotServed: Error { let error: ErrorCode }

    private func served(_ topicID: UUID, _ partition: Int32) -> Result<LocalPartition, NotServed> {
        let route = topics[topicID]?.route(partition)
        if let local = route?.partition { return .success(local) }
        return .failure(NotServed(error: route?.refusal ?? .notLeaderOrFollower))
    }

    /// Asks `question` where the partition is owned, also where it is not open there, and runs `then` here with what it
    /// replies, at once or later. Without a detour where this shard owns it.
    func ask<Answer: Sendable>(
        _ owner: Int, _ topicID: UUID, _ partition: Int32,
        _ question: @escaping @Sendable (Result<LocalPartition, NotServed>, @escaping (Answer) -> Void) -> Void,
        then: @escaping (Answer) -> Void
    ) {
        if owner == index { return question(served(topicID, partition), then) }
        let ticket = answers.issue { answer in
            guard let answer = answer as? Answer else {
                preconditionFailure("an answer has the type that was asked for")
            }
            then(answer)
        }
        let home = peers[index]
        peers[owner].post(
            .call { shard in
                question(shard.served(topicID, partition)) { answer in
                    home.post(.call { $0.redeem(ticket, answer) })
                }
            })
    }

    func tellOthers(_ reports: ShardQuotas.Reports) {
        for (other, peer) in peers.enumerated() where other != index { peer.post(.call { $0.quotas.add(reports) }) }
    }

    func redeem(_ ticket: UInt64, _ answer: some Sendable) { answers.take(ticket)?(answer) }

    // MARK: Produce

    /// Has another shard append the batch; its outcome completes the request by the token.
    func appendElsewhere(
        _ owner: Int, _ topicID: UUID, _ partition: Int32, _ records: UnsafeMutableRawBufferPointer,
        _ options: ProduceOptions
    ) -> ProducedPartition {
        let batch = Buffer(copying: UnsafeRawBufferPointer(records))
        let home = peers[index]
        peers[owner].post(
            .call { shard in
                let outcome: ProducedPartition
                switch shard.served(topicID, partition) {
                case .success(let local):
                    let memory = shard.allocateForTick(batch.count)
                    batch.withUnsafeBytes { memory.copyMemory(from: $0) }
                    outcome = local.append(memory, options, index: partition)
                case .failure(let refused): outcome = ProducedPartition(index: partition, error: refused.error)
                }
                if options.acks != 0 {
                    home.post(.call { $0.sessions[options.token.session]?.appended(options.token, outcome) })
                } else if outcome.error != .none {
                    home.post(.call { $0.sessions[options.token.session]?.refusedUnanswered(outcome.error) })
                }
            })
        return ProducedPartition(index: partition, isWaiting: options.acks != 0)
    }
}
