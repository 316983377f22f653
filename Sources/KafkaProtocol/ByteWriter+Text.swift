import Bytes

/// Fields whose length is known to fit, because it comes from a view or from this program.
extension ByteWriter {
    @inlinable
    mutating func writeText(_ text: UnsafeRawBufferPointer, compact: Bool) {
        precondition(text.count <= Int(Int16.max), "names and ids are bounded where they enter")
        if compact {
            writeUnsignedVarint(UInt32(truncatingIfNeeded: text.count) + 1)
        } else {
            write(Int16(truncatingIfNeeded: text.count))
        }
        write(text)
    }

    /// The length of a byte field or the count of an array; nil is null.
    @inlinable
    mutating func writeLength(_ length: Int?, compact: Bool) {
        guard let length else {
            if compact { writeUnsignedVarint(0) } else { write(Int32(-1)) }
            return
        }
        precondition(length >= 0 && length < Int(Int32.max), "a message is smaller than 2 GiB")
        if compact {
            writeUnsignedVarint(UInt32(truncatingIfNeeded: length) + 1)
        } else {
            write(Int32(truncatingIfNeeded: length))
        }
    }

    /// A tagged field of fixed-size content.
    @inlinable
    mutating func writeTag(_ tag: UInt32, size: UInt32) {
        writeUnsignedVarint(tag)
        writeUnsignedVarint(size)
    }
}
