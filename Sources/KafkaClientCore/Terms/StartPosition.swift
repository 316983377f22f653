/// Where in a partition to start reading.
public enum StartPosition: Hashable, Sendable {
    /// The first record that is there.
    case earliest
    /// Behind the last.
    case latest
    case offset(Int64)
    /// The first record of that time or later, in milliseconds since 1970; behind the last when there is none.
    case timestamp(Int64)
}
