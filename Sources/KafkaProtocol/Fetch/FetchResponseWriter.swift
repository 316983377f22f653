import Bytes

/// Writes a Fetch response piece by piece (key 1).
///
/// After `init`, each topic is `beginTopic`, its partitions, `endTopic`; `end` closes the response. A partition is
/// either `partition` with its records, or `beginPartition`, records by any way the caller likes (they need not go
/// through the writer), and `endPartition`. Counts are given first and are kept. What the version does not have is left
/// out.
public struct FetchResponseWriter {
    @usableFromInline let version: Int16
    @usableFromInline let throttlePosition: Int
    @usableFromInline var topicsLeft: Int
    @usableFromInline var partitionsLeft = 0

    @inlinable var compact: Bool { version >= 12 }

    @inlinable
    public init(
        version: Int16, throttleTimeMs: Int32 = 0, errorCode: ErrorCode = .none, sessionId: Int32 = 0, topicCount: Int,
        into writer: inout ByteWriter
    ) {
        precondition(version >= 4 && version <= 18, "a response has the version of a request that was read")
        self.version = version
        topicsLeft = topicCount
        throttlePosition = writer.count
        writer.write(throttleTimeMs)
        if version >= 7 {
            writer.write(errorCode.rawValue)
            writer.write(sessionId)
        }
        writer.writeLength(topicCount, compact: version >= 12)
    }

    /// Changes the throttle time, which may only be known when the size of the response is.
    @inlinable
    public func setThrottleTime(_ throttleTimeMs: Int32, in writer: inout ByteWriter) {
        writer.overwrite(throttleTimeMs, at: throttlePosition)
    }

    /// - Parameters:
    ///   - name: used before version 13.
    ///   - topicId: used from version 13 on.
    @inlinable
    public mutating func beginTopic(
        name: UnsafeRawBufferPointer, topicId: UUID, partitionCount: Int, into writer: inout ByteWriter
    ) {
        precondition(topicsLeft > 0 && partitionsLeft == 0, "more topics or fewer partitions than announced")
        topicsLeft -= 1
        partitionsLeft = partitionCount
        if version >= 13 { writer.write(topicId) } else { writer.writeText(name, compact: compact) }
        writer.writeLength(partitionCount, compact: compact)
    }

    @inlinable
    public mutating func partition(
        _ partition: FetchResponsePartition, records: UnsafeRawBufferPointer?, into writer: inout ByteWriter
    ) {
        beginPartition(partition, recordsLength: records?.count, into: &writer)
        if let records { writer.write(records) }
        endPartition(partition, into: &writer)
    }

    /// Writes what stands before the records, with their length: `recordsLength` bytes have to follow, then
    /// `endPartition` with the same partition. A partition without data has length 0; nil is null.
    @inlinable
    public mutating func beginPartition(
        _ partition: FetchResponsePartition, recordsLength: Int?, into writer: inout ByteWriter
    ) {
        precondition(partitionsLeft > 0, "more partitions than announced")
        partitionsLeft -= 1
        writer.write(partition.index)
        writer.write(partition.errorCode.rawValue)
        writer.write(partition.highWatermark)
        writer.write(partition.lastStableOffset)
        if version >= 5 { writer.write(partition.logStartOffset) }
        if let aborted = partition.abortedTransactions {
            write(aborted, into: &writer)
        } else {
            writer.writeLength(nil, compact: compact)
        }
        if version >= 11 { writer.write(partition.preferredReadReplica) }
        writer.writeLength(recordsLength, compact: compact)
    }

    @usableFromInline
    func write(_ aborted: [FetchResponsePartition.AbortedTransaction], into writer: inout ByteWriter) {
        writer.writeLength(aborted.count, compact: compact)
        for transaction in aborted { transaction.encode(into: &writer, version: version) }
    }

    /// Writes what stands behind the records.
    @inlinable
    public func endPartition(_ partition: FetchResponsePartition, into writer: inout ByteWriter) {
        guard compact else { return }
        if partition.hasTags { partition.encodeTags(into: &writer) } else { writer.writeUnsignedVarint(0) }
    }

    @inlinable
    public func endTopic(into writer: inout ByteWriter) {
        precondition(partitionsLeft == 0, "fewer partitions than announced")
        if compact { writer.writeUnsignedVarint(0) }
    }

    /// - Parameter nodeEndpoints: where the leaders named in partitions can be reached, from version 16 on.
    @inlinable
    public func end(nodeEndpoints: [NodeEndpoint] = [], into writer: inout ByteWriter) throws(EncodeError) {
        precondition(topicsLeft == 0, "fewer topics than announced")
        if version >= 16 {
            try writer.writeTagged(nodeEndpoints, version: version)
        } else if compact {
            writer.writeUnsignedVarint(0)
        }
    }
}
