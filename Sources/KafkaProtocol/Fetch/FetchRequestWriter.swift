import Bytes

/// Writes a Fetch request piece by piece: the side of the consumer or follower of `FetchRequestView`.
///
/// After `init`, each topic is `beginTopic`, its partitions, `endTopic`; then `beginForgottenTopics` (always), each
/// forgotten topic, and `end`. Counts are given first and are kept. What the version does not have is left out.
public struct FetchRequestWriter {
    private let version: Int16
    private let parameters: FetchParameters
    private var topicsLeft: Int
    private var partitionsLeft = 0

    private var compact: Bool { version >= 12 }

    public init(
        version: Int16, parameters: FetchParameters, topicCount: Int, into writer: inout ByteWriter
    ) throws(EncodeError) {
        guard FetchRequestView.versions.contains(version) else { throw .unsupportedVersion }
        self.version = version
        self.parameters = parameters
        topicsLeft = topicCount
        if version <= 14 { writer.write(parameters.replicaId) }
        writer.write(parameters.maxWaitMs)
        writer.write(parameters.minBytes)
        writer.write(parameters.maxBytes)
        writer.write(parameters.isolationLevel)
        if version >= 7 {
            writer.write(parameters.sessionId)
            writer.write(parameters.sessionEpoch)
        }
        writer.writeLength(topicCount, compact: compact)
    }

    /// - Parameters:
    ///   - name: used before version 13.
    ///   - topicId: used from version 13 on.
    public mutating func beginTopic(
        name: String, topicId: UUID, partitionCount: Int, into writer: inout ByteWriter
    ) throws(EncodeError) {
        precondition(topicsLeft > 0 && partitionsLeft == 0, "more topics or fewer partitions than announced")
        topicsLeft -= 1
        partitionsLeft = partitionCount
        if version >= 13 { writer.write(topicId) } else { try writer.write(name, compact: compact) }
        writer.writeLength(partitionCount, compact: compact)
    }

    public mutating func partition(_ partition: FetchPartition, into writer: inout ByteWriter) {
        precondition(partitionsLeft > 0, "more partitions than announced")
        partitionsLeft -= 1
        partition.encode(into: &writer, version: version)
    }

    public func endTopic(into writer: inout ByteWriter) {
        precondition(partitionsLeft == 0, "fewer partitions than announced")
        if compact { writer.writeUnsignedVarint(0) }
    }

    /// Ends the topics; `count` forgotten ones follow.
    ///
    /// - Throws: `EncodeError.unsupportedField` when a version without sessions has some.
    public mutating func beginForgottenTopics(count: Int, into writer: inout ByteWriter) throws(EncodeError) {
        precondition(topicsLeft == 0, "fewer topics than announced")
        guard version >= 7 else {
            if count != 0 { throw .unsupportedField }
            return
        }
        topicsLeft = count
        writer.writeLength(count, compact: compact)
    }

    public mutating func forgottenTopic(
        name: String, topicId: UUID, partitions: [Int32], into writer: inout ByteWriter
    ) throws(EncodeError) {
        precondition(topicsLeft > 0, "more forgotten topics than announced")
        topicsLeft -= 1
        if version >= 13 { writer.write(topicId) } else { try writer.write(name, compact: compact) }
        try writer.writeArray(partitions, compact: compact)
        if compact { writer.writeUnsignedVarint(0) }
    }

    public func end(
        rackId: String = "", clusterId: String? = nil, into writer: inout ByteWriter
    ) throws(EncodeError) {
        precondition(topicsLeft == 0, "fewer forgotten topics than announced")
        if version >= 11 { try writer.write(rackId, compact: compact) }
        guard compact else { return }
        let hasReplica = version >= 15 && (parameters.replicaId != -1 || parameters.replicaEpoch != -1)
        writer.writeTagCount(clusterId != nil, hasReplica)
        if let clusterId {
            let start = writer.beginTaggedField(0)
            try writer.write(clusterId, compact: true)
            writer.insertSize(at: start)
        }
        if hasReplica {
            writer.writeTag(1, size: 13)
            writer.write(parameters.replicaId)
            writer.write(parameters.replicaEpoch)
            writer.writeUnsignedVarint(0)
        }
    }
}
