import Bytes

extension ByteCursor {
    /// What names a topic in Produce and Fetch: its name, or from version 13 of both on its id. The other one is empty or
    /// zero.
    @inlinable
    mutating func topic(
        version: Int16, compact: Bool
    ) throws(DecodeError) -> (name: UnsafeRawBufferPointer, id: UUID) {
        if version >= 13 { return (UnsafeRawBufferPointer(start: nil, count: 0), try uuid()) }
        return (try text(compact: compact), .zero)
    }
}
