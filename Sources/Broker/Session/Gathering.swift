import KafkaProtocol

/// Collects one row per partition, by topic, of which some come from other shards or from the disk, and goes on when all
/// are there. The session is busy meanwhile.
final class Gathering<Row: Sendable> {
    private var topics: [[Row?]] = []
    private var outstanding = 0
    private var isFinished = false
    let session: ClientSession
    private let then: ([[Row]]) -> Void

    fileprivate init(_ session: ClientSession, then: @escaping ([[Row]]) -> Void) {
        self.session = session
        self.then = then
        session.beginBusy()
    }

    /// A row of the current topic that is known already.
    func add(_ row: Row) { topics[topics.count - 1].append(row) }

    /// Adds the row that `question` replies with, once, where the partition is owned; what `failed` makes of an error
    /// where nobody can be asked.
    func ask(
        _ topic: String, _ partition: Int32, failed: @escaping @Sendable (ErrorCode) -> Row,
        _ question: @escaping @Sendable (LocalPartition, _ reply: @escaping (Row) -> Void) -> Void
    ) {
        let shard = session.shard
        guard let entry = shard.topics[topic], let route = entry.route(partition) else {
            return add(failed(.unknownTopicOrPartition))
        }
        let slot = reserve()
        shard.ask(
            route.shard, entry.id, partition,
            { served, reply in
                switch served {
                case .success(let local): question(local, reply)
                case .failure(let refused): reply(failed(refused.error))
                }
            }, then: { self.fill(slot, $0) })
    }

    fileprivate func beginTopic() { topics.append([]) }

    /// No more rows are asked for.
    fileprivate func finish() {
        isFinished = true
        goOnWhenComplete()
    }

    private struct Slot {
        let topic: Int
        let row: Int
    }

    private func reserve() -> Slot {
        outstanding += 1
        topics[topics.count - 1].append(nil)
        return Slot(topic: topics.count - 1, row: topics[topics.count - 1].count - 1)
    }

    private func fill(_ slot: Slot, _ row: Row) {
        precondition(topics[slot.topic][slot.row] == nil, "a place is filled once")
        topics[slot.topic][slot.row] = row
        outstanding -= 1
        goOnWhenComplete()
    }

    private func goOnWhenComplete() {
        guard isFinished, outstanding == 0 else { return }
        then(topics.map { $0.compactMap { $0 } })
        session.finishBusy()
    }
}

extension ClientSession {
    /// Answers with a row per partition of the topics that a request names.
    ///
    /// - Parameters:
    ///   - ask: adds the rows of one topic to the gathering, or asks for them.
    ///   - response: makes the answer of the topics and their rows, which are in the order in which they were asked for.
    func gather<Topic, Row: Sendable, Response: KafkaMessage>(
        _ topics: [Topic], for reply: Reply, ask: (Topic, Gathering<Row>) -> Void,
        response: @escaping (Zip2Sequence<[Topic], [[Row]]>) -> Response
    ) {
        let gathering = Gathering<Row>(self) { rows in self.answer(reply, response(zip(topics, rows))) }
        for topic in topics {
            gathering.beginTopic()
            ask(topic, gathering)
        }
        gathering.finish()
    }
}
