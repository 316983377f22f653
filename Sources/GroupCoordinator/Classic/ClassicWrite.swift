/// A write of a classic group whose end it waits for.
public enum ClassicWrite {
    /// The assignments of a generation.
    case assignments([String: [UInt8]], generation: Int32)
}
