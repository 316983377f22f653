import Bytes

/// Who leads a partition, told together with an error that says that someone else does (KIP-951).
public struct LeaderIdAndEpoch: Equatable, Sendable {
    /// -1 when unknown.
    public var leaderId: Int32 = -1
    /// -1 when unknown.
    public var leaderEpoch: Int32 = -1

    @inlinable
    public init(leaderId: Int32 = -1, leaderEpoch: Int32 = -1) {
        self.leaderId = leaderId
        self.leaderEpoch = leaderEpoch
    }

    @inlinable
    init(from cursor: inout ByteCursor) throws(DecodeError) {
        leaderId = try cursor.int32()
        leaderEpoch = try cursor.int32()
        try cursor.skipTaggedFields()
    }

    /// Writes the whole tagged field.
    @inlinable
    func encode(as tag: UInt32, into writer: inout ByteWriter) {
        writer.writeTag(tag, size: 9)
        writer.write(leaderId)
        writer.write(leaderEpoch)
        writer.writeUnsignedVarint(0)
    }

    @inlinable var isDefault: Bool { leaderId == -1 && leaderEpoch == -1 }
}

/// Where a leader named in a response can be reached (KIP-951).
public struct NodeEndpoint: Equatable, KafkaStructure {
    public var nodeId: Int32
    public var host: String
    public var port: Int32
    public var rack: String?

    public init(nodeId: Int32, host: String, port: Int32, rack: String? = nil) {
        self.nodeId = nodeId
        self.host = host
        self.port = port
        self.rack = rack
    }

    package init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
        nodeId = try cursor.int32()
        host = try cursor.string(compact: true)
        port = try cursor.int32()
        rack = try cursor.nullableString(compact: true)
        try cursor.skipTaggedFields()
    }

    package func encode(into writer: inout ByteWriter, version: Int16) throws(EncodeError) {
        writer.write(nodeId)
        try writer.write(host, compact: true)
        writer.write(port)
        try writer.write(rack, compact: true)
        writer.writeUnsignedVarint(0)
    }

    package static func minimumSize(version: Int16) -> Int { 11 }
}

extension ByteWriter {
    /// The tagged fields at the end of a Produce or Fetch response: the endpoints under tag 0.
    @usableFromInline
    mutating func writeTagged(_ nodeEndpoints: [NodeEndpoint], version: Int16) throws(EncodeError) {
        guard !nodeEndpoints.isEmpty else { return writeUnsignedVarint(0) }
        writeUnsignedVarint(1)
        let start = beginTaggedField(0)
        try writeArray(nodeEndpoints, compact: true, version: version)
        insertSize(at: start)
    }
}

extension ByteCursor {
    /// The tagged fields at the end of a Produce or Fetch response: the endpoints under tag 0.
    mutating func taggedNodeEndpoints(version: Int16) throws(DecodeError) -> [NodeEndpoint] {
        var endpoints: [NodeEndpoint] = []
        try taggedFields { (tag, field) throws(DecodeError) in
            guard tag == 0 else { return false }
            endpoints = try field.array(compact: true, version: version)
            return true
        }
        return endpoints
    }
}
