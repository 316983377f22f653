import Synchronization

/// Bytes that connections may own together, over all shards: frames that are not whole, frames held back, output that
/// peers have not taken. When it is used up, shards stop reading until it is not.
public final class MemoryBudget: Sendable {
    public let limit: Int
    private let bytes = Atomic<Int>(0)

    public init(limit: Int) {
        precondition(limit > 0, "a budget of nothing lets nothing in")
        self.limit = limit
    }

    public var used: Int { bytes.load(ordering: .relaxed) }
    var isExceeded: Bool { used > limit }

    func charge(_ delta: Int) { bytes.wrappingAdd(delta, ordering: .relaxed) }
}
