import Bytes

/// Writes a Produce response piece by piece (key 0).
///
/// After `init`, each topic is `beginTopic`, its partitions, `endTopic`; `end` closes the response. Counts are given
/// first and are kept. What the version does not have is left out.
public struct ProduceResponseWriter {
    @usableFromInline let version: Int16
    @usableFromInline var topicsLeft: Int
    @usableFromInline var partitionsLeft = 0

    @inlinable var compact: Bool { version >= 9 }

    @inlinable
    public init(version: Int16, topicCount: Int, into writer: inout ByteWriter) {
        precondition(version >= 3 && version <= 13, "a response has the version of a request that was read")
        self.version = version
        topicsLeft = topicCount
        writer.writeLength(topicCount, compact: compact)
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
        _ partition: ProduceResponsePartition, into writer: inout ByteWriter
    ) throws(EncodeError) {
        precondition(partitionsLeft > 0, "more partitions than announced")
        partitionsLeft -= 1
        writer.write(partition.index)
        writer.write(partition.errorCode.rawValue)
        writer.write(partition.baseOffset)
        writer.write(partition.logAppendTimeMs)
        if version >= 5 { writer.write(partition.logStartOffset) }
        if version >= 8 { try writeErrors(of: partition, into: &writer) }
        guard compact else { return }
        if version >= 10, let leader = partition.currentLeader, !leader.isDefault {
            writer.writeUnsignedVarint(1)
            leader.encode(as: 0, into: &writer)
        } else {
            writer.writeUnsignedVarint(0)
        }
    }

    @usableFromInline
    func writeErrors(of partition: ProduceResponsePartition, into writer: inout ByteWriter) throws(EncodeError) {
        try writer.writeArray(partition.recordErrors, compact: compact, version: version)
        try writer.write(partition.errorMessage, compact: compact)
    }

    @inlinable
    public func endTopic(into writer: inout ByteWriter) {
        precondition(partitionsLeft == 0, "fewer partitions than announced")
        if compact { writer.writeUnsignedVarint(0) }
    }

    /// - Parameter nodeEndpoints: where the leaders named in partitions can be reached.
    @inlinable
    public func end(
        throttleTimeMs: Int32 = 0, nodeEndpoints: [NodeEndpoint] = [], into writer: inout ByteWriter
    ) throws(EncodeError) {
        precondition(topicsLeft == 0, "fewer topics than announced")
        writer.write(throttleTimeMs)
        if version >= 10 {
            try writer.writeTagged(nodeEndpoints, version: version)
        } else if compact {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// What a Produce response says of one partition.
public struct ProduceResponsePartition: Sendable {
    public var index: Int32
    public var errorCode: ErrorCode
    /// The offset that the first record got; -1 with an error.
    public var baseOffset: Int64
    /// -1 unless the topic's records carry the broker's time.
    public var logAppendTimeMs: Int64
    /// From version 5 on; -1 when unknown.
    public var logStartOffset: Int64
    /// The records because of which the batch was refused, from version 8 on.
    public var recordErrors: [RecordError]
    /// From version 8 on.
    public var errorMessage: String?
    /// From version 10 on, with an error that says that another broker leads.
    public var currentLeader: LeaderIdAndEpoch?

    @inlinable
    public init(
        index: Int32, errorCode: ErrorCode = .none, baseOffset: Int64 = -1, logAppendTimeMs: Int64 = -1,
        logStartOffset: Int64 = -1, recordErrors: [RecordError] = [], errorMessage: String? = nil,
        currentLeader: LeaderIdAndEpoch? = nil
    ) {
        self.index = index
        self.errorCode = errorCode
        self.baseOffset = baseOffset
        self.logAppendTimeMs = logAppendTimeMs
        self.logStartOffset = logStartOffset
        self.recordErrors = recordErrors
        self.errorMessage = errorMessage
        self.currentLeader = currentLeader
    }

    /// A record because of which its batch was refused.
    public struct RecordError: Equatable, Sendable {
        /// Its place in the batch.
        public var batchIndex: Int32
        public var message: String?

        public init(batchIndex: Int32, message: String? = nil) {
            self.batchIndex = batchIndex
            self.message = message
        }
    }
}
