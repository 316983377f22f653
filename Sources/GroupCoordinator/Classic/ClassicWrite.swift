public import Bytes

/// A write of a classic group whose end it waits for.
public enum ClassicWrite {
    /// The assignments of a generation.
    case assignments([Name: [UInt8]], generation: Int32)
}
