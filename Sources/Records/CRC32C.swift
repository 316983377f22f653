import CSystem

/// The Castagnoli checksum of record batches.
public enum CRC32C {
    @inlinable
    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        martlet_crc32c(0, bytes.baseAddress, bytes.count)
    }

    /// The checksum of bytes that end with `bytes` and of which those before have the checksum `checksum`.
    @inlinable
    public static func extending(_ checksum: UInt32, with bytes: UnsafeRawBufferPointer) -> UInt32 {
        martlet_crc32c(checksum, bytes.baseAddress, bytes.count)
    }
}
