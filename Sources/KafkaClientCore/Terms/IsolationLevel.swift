/// What a reader sees of transactions.
public enum IsolationLevel: Int8, Sendable {
    /// Everything below the high watermark.
    case readUncommitted = 0
    /// Transactions only when they are committed.
    case readCommitted = 1
}
