/// Collects one row per partition, by topic, of which some come from other shards or from the disk, and goes on when all
/// are there. The session is busy meanwhile.
final class Gathering<Row: Sendable> {
    private var topics: [[Row?]] = []
    private var outstanding = 0
    private var isFinished = false
    private let session: ClientSession
    private let then: ([[Row]]) -> Void

    init(_ session: ClientSession, then: @escaping ([[Row]]) -> Void) {
        self.session = session
        self.then = then
        session.beginBusy()
    }

    func beginTopic() { topics.append([]) }

    /// A row of the current topic that is known already.
    func add(_ row: Row) { topics[topics.count - 1].append(row) }

    /// A place in the current topic that `fill` will fill, once.
    func reserve() -> Slot {
        outstanding += 1
        topics[topics.count - 1].append(nil)
        return Slot(topic: topics.count - 1, row: topics[topics.count - 1].count - 1)
    }

    func fill(_ slot: Slot, _ row: Row) {
        precondition(topics[slot.topic][slot.row] == nil, "a place is filled once")
        topics[slot.topic][slot.row] = row
        outstanding -= 1
        goOnWhenComplete()
    }

    /// No more rows are asked for.
    func finish() {
        isFinished = true
        goOnWhenComplete()
    }

    private func goOnWhenComplete() {
        guard isFinished, outstanding == 0 else { return }
        then(topics.map { $0.compactMap { $0 } })
        session.finishBusy()
    }

    struct Slot {
        fileprivate let topic: Int
        fileprivate let row: Int
    }
}
