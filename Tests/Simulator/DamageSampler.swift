import Glibc

/// Chooses among the many places that a test of damage could hit: all of them with `MARTLET_DAMAGE=full`, else each n-th from
/// one on that `MARTLET_SEED` sets.
public struct DamageSampler {
    public static let isFull = getenv("MARTLET_DAMAGE").map { String(cString: $0) == "full" } ?? false

    /// Where random tests of damage start.
    public static let seed: UInt64 = {
        let given = getenv("MARTLET_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0..<1_000_000)
        print("damage: MARTLET_SEED=\(seed)\(isFull ? " at every place" : "")")
        return seed
    }()

    private let step: UInt64
    private var count: UInt64

    /// - Parameter step: an odd number, so that each bit of a byte has its turn.
    public init(each step: UInt64) {
        self.step = DamageSampler.isFull ? 1 : step
        count = DamageSampler.seed
    }

    /// Whether the next place is tried.
    public mutating func takesNext() -> Bool {
        count &+= 1
        return count.isMultiple(of: step)
    }
}
