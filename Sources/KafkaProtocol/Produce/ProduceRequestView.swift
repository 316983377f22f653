import Bytes

/// A Produce request that stays in its frame (key 0).
///
/// Version 9 is flexible, 13 has topic ids in place of names. The view borrows the frame: it must not outlive the
/// closure or tick in which the frame is valid. Records may be stamped in place meanwhile, lengths may not change.
public struct ProduceRequestView {
    public static let versions: ClosedRange<Int16> = 3...13

    public let version: Int16
    /// UTF-8; nil when the producer is not transactional.
    public let transactionalId: UnsafeRawBufferPointer?
    /// 0 wants no response at all, 1 the leader's word, -1 that of all in-sync replicas.
    public let acks: Int16
    public let timeoutMs: Int32
    public let topics: WireSequence<Topic>
    /// Bytes behind the request that belong to nothing.
    public let trailingByteCount: Int

    /// Reads all of the request once.
    ///
    /// - Parameters:
    ///   - body: the frame behind the request header.
    ///   - maximumElements: topics and partitions that it may have in all.
    @inlinable
    public init(
        _ body: UnsafeRawBufferPointer, version: Int16, maximumElements: Int = .max
    ) throws(DecodeError) {
        guard version >= 3, version <= 13 else { throw .unsupportedVersion }
        let compact = version >= 9
        var cursor = ByteCursor(body)
        cursor.elementsLeft = maximumElements
        self.version = version
        transactionalId = try cursor.nullableText(compact: compact)
        acks = try cursor.int16()
        timeoutMs = try cursor.int32()
        topics = try WireSequence(from: &cursor, version: version, compact: compact)
        if compact { try cursor.skipTaggedFields() }
        trailingByteCount = cursor.remaining
    }

    @inlinable
    public init(
        _ body: UnsafeMutableRawBufferPointer, version: Int16, maximumElements: Int = .max
    ) throws(DecodeError) {
        try self.init(UnsafeRawBufferPointer(body), version: version, maximumElements: maximumElements)
    }

    public struct Topic: WireElement {
        /// UTF-8; empty from version 13 on.
        public let name: UnsafeRawBufferPointer
        /// Zero before version 13.
        public let topicId: UUID
        public let partitions: WireSequence<Partition>

        @inlinable
        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            let compact = version >= 9
            (name, topicId) = try cursor.topic(version: version, compact: compact)
            partitions = try WireSequence(from: &cursor, version: version, compact: compact)
            if compact { try cursor.skipTaggedFields() }
        }

        @inlinable
        public static func minimumSize(version: Int16) -> Int { version >= 13 ? 18 : version >= 9 ? 3 : 6 }
    }

    public struct Partition: WireElement {
        public let index: Int32
        /// The record batches where they lie in the frame; nil is null.
        public let records: UnsafeRawBufferPointer?

        @inlinable
        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            let compact = version >= 9
            index = try cursor.int32()
            if let length = try cursor.bytesLength(compact: compact) {
                records = try cursor.take(length)
            } else {
                records = nil
            }
            if compact { try cursor.skipTaggedFields() }
        }

        @inlinable
        public static func minimumSize(version: Int16) -> Int { version >= 9 ? 6 : 8 }

        /// The records, to be stamped in place.
        ///
        /// - Parameter frame: the memory that the view was made of, or that contains it.
        @inlinable
        public func records(in frame: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer? {
            guard let records, let start = records.baseAddress, let base = frame.baseAddress else { return nil }
            let offset = start - UnsafeRawPointer(base)
            precondition(offset >= 0 && offset <= frame.count - records.count, "the records lie in another frame")
            return UnsafeMutableRawBufferPointer(start: base + offset, count: records.count)
        }
    }
}
