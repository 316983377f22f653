import Bytes

/// Writes a Produce request piece by piece: the producer's side of `ProduceRequestView`.
///
/// After `init`, each topic is `beginTopic`, its partitions, `endTopic`; `end` closes the request. Counts are given
/// first and are kept.
public struct ProduceRequestWriter {
    private let version: Int16
    private var topicsLeft: Int
    private var partitionsLeft = 0

    private var compact: Bool { version >= 9 }

    public init(
        version: Int16, transactionalId: String? = nil, acks: Int16, timeoutMs: Int32, topicCount: Int,
        into writer: inout ByteWriter
    ) throws(EncodeError) {
        guard ProduceRequestView.versions.contains(version) else { throw .unsupportedVersion }
        self.version = version
        topicsLeft = topicCount
        try writer.write(transactionalId, compact: compact)
        writer.write(acks)
        writer.write(timeoutMs)
        writer.writeLength(topicCount, compact: compact)
    }

    /// - Parameters:
    ///   - name: used before version 13.
    ///   - topicId: used from version 13 on.
    public mutating func beginTopic(
        name: String, topicId: UUID, partitionCount: Int, into writer: inout ByteWriter
    ) throws(EncodeError) {
        precondition(topicsLeft > 0, "more topics than announced")
        topicsLeft -= 1
        partitionsLeft = partitionCount
        if version >= 13 { writer.write(topicId) } else { try writer.write(name, compact: compact) }
        writer.writeLength(partitionCount, compact: compact)
    }

    public mutating func partition(_ index: Int32, records: UnsafeRawBufferPointer?, into writer: inout ByteWriter) {
        beginPartition(index, recordsLength: records?.count, into: &writer)
        if let records { writer.write(records) }
        endPartition(into: &writer)
    }

    /// Writes what stands before the records; `recordsLength` bytes have to follow, then `endPartition`.
    public mutating func beginPartition(_ index: Int32, recordsLength: Int?, into writer: inout ByteWriter) {
        precondition(partitionsLeft > 0, "more partitions than announced")
        partitionsLeft -= 1
        writer.write(index)
        writer.writeLength(recordsLength, compact: compact)
    }

    public func endPartition(into writer: inout ByteWriter) {
        if compact { writer.writeUnsignedVarint(0) }
    }

    public func endTopic(into writer: inout ByteWriter) {
        precondition(partitionsLeft == 0, "fewer partitions than announced")
        if compact { writer.writeUnsignedVarint(0) }
    }

    public func end(into writer: inout ByteWriter) {
        precondition(topicsLeft == 0, "fewer topics than announced")
        if compact { writer.writeUnsignedVarint(0) }
    }
}
