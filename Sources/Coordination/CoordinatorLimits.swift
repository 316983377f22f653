/// What a coordinator's log takes, in bytes.
public struct CoordinatorLimits: Sendable, Hashable {
    /// The most that key and value of a record may have together.
    public var record: Int
    /// The most that the records of a decision may have, which are one batch: keys, values, and `recordOverhead` for each.
    public var decision: Int

    /// What a record in a batch has besides its key and value, at most.
    public static let recordOverhead = 32

    public init(record: Int = .max, decision: Int = .max) {
        self.record = record
        self.decision = decision
    }
}
