import Bytes

/// Why bytes are no metadata record that this version knows.
public enum MetadataRecordError: Error, Equatable, Sendable {
    /// A record of a later version of Martlet.
    case unknownType(UInt16)
    case unknownVersion(type: UInt16, version: UInt8)
    case malformed(type: UInt16, DecodeError)
    /// Bytes are left after the last field.
    case trailingBytes(type: UInt16)
}

/// Numbers of the records in journals and snapshots; none is ever used for something else.
private enum RecordType: UInt16 {
    case featureLevel = 1
    case brokerRegistration = 2
    case brokerFencing = 3
    case brokerUnregistration = 4
    case topic = 10
    case partition = 11
    case topicRemoval = 12
    case leaderEpochRise = 13
    case configuration = 20
    case producerIds = 21
    case clientQuota = 22
}

extension MetadataRecord {
    private var recordType: RecordType {
        switch self {
        case .featureLevel: .featureLevel
        case .brokerRegistration: .brokerRegistration
        case .brokerFencing: .brokerFencing
        case .brokerUnregistration: .brokerUnregistration
        case .topic: .topic
        case .partition: .partition
        case .topicRemoval: .topicRemoval
        case .leaderEpochRise: .leaderEpochRise
        case .configuration: .configuration
        case .producerIds: .producerIds
        case .clientQuota: .clientQuota
        }
    }

    /// What stands before the fields: which record this is.
    public var type: UInt16 { recordType.rawValue }

    /// What stands behind the type: the version of the fields that this program writes.
    public var version: UInt8 { 0 }

    /// Writes type, version and fields.
    public func encode(into writer: inout ByteWriter) {
        writer.write(type)
        writer.write(version)
        encodeFields(into: &writer)
    }

    /// Writes the fields alone.
    public func encodeFields(into writer: inout ByteWriter) {
        switch self {
        case .featureLevel(let record): record.encode(into: &writer)
        case .brokerRegistration(let record): record.encode(into: &writer)
        case .brokerFencing(let record): record.encode(into: &writer)
        case .brokerUnregistration(let record): record.encode(into: &writer)
        case .topic(let record): record.encode(into: &writer)
        case .partition(let record): record.encode(into: &writer)
        case .topicRemoval(let record): writer.write(record.topicId)
        case .leaderEpochRise(let record): writer.write(record.brokerId)
        case .configuration(let record): record.encode(into: &writer)
        case .producerIds(let record): record.encode(into: &writer)
        case .clientQuota(let record): record.encode(into: &writer)
        }
    }

    /// Reads a record of which the bytes are all: type, version and fields.
    public init(_ bytes: UnsafeRawBufferPointer) throws(MetadataRecordError) {
        var cursor = ByteCursor(bytes)
        let type: UInt16
        let version: UInt8
        do {
            type = try cursor.uint16()
            version = try cursor.uint8()
        } catch {
            throw .malformed(type: 0, error)
        }
        try self.init(type: type, version: version, fields: cursor.rest)
    }

    /// Reads a record of which the bytes are the fields.
    public init(type: UInt16, version: UInt8, fields: UnsafeRawBufferPointer) throws(MetadataRecordError) {
        guard let known = RecordType(rawValue: type) else { throw .unknownType(type) }
        guard version == 0 else { throw .unknownVersion(type: type, version: version) }
        var cursor = ByteCursor(fields)
        do {
            self = try MetadataRecord.decode(known, from: &cursor)
        } catch {
            throw .malformed(type: type, error)
        }
        guard cursor.remaining == 0 else { throw .trailingBytes(type: type) }
    }

    private static func decode(
        _ type: RecordType, from cursor: inout ByteCursor
    ) throws(DecodeError) -> MetadataRecord {
        switch type {
        case .featureLevel: .featureLevel(try FeatureLevelRecord(from: &cursor))
        case .brokerRegistration: .brokerRegistration(try BrokerRegistrationRecord(from: &cursor))
        case .brokerFencing: .brokerFencing(try BrokerFencingRecord(from: &cursor))
        case .brokerUnregistration: .brokerUnregistration(try BrokerUnregistrationRecord(from: &cursor))
        case .topic: .topic(try TopicRecord(from: &cursor))
        case .partition: .partition(try PartitionRecord(from: &cursor))
        case .topicRemoval: .topicRemoval(TopicRemovalRecord(topicId: try cursor.uuid()))
        case .leaderEpochRise: .leaderEpochRise(LeaderEpochRiseRecord(brokerId: try cursor.int32()))
        case .configuration: .configuration(try ConfigurationRecord(from: &cursor))
        case .producerIds: .producerIds(try ProducerIdsRecord(from: &cursor))
        case .clientQuota: .clientQuota(try ClientQuotaRecord(from: &cursor))
        }
    }
}

extension FeatureLevelRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeField(name)
        writer.write(level)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        name = try cursor.field()
        level = try cursor.int16()
    }
}

extension BrokerRegistrationRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.write(brokerId)
        writer.write(brokerEpoch)
        writer.write(incarnationId)
        writer.writeUnsignedVarint(UInt32(endpoints.count))
        for endpoint in endpoints {
            writer.writeField(endpoint.listener)
            writer.writeField(endpoint.host)
            writer.write(endpoint.port)
            writer.write(endpoint.securityProtocol)
        }
        writer.writeOptionalField(rack)
        writer.writeUnsignedVarint(UInt32(features.count))
        for feature in features {
            writer.writeField(feature.name)
            writer.write(feature.minimum)
            writer.write(feature.maximum)
        }
        writer.writeUnsignedVarint(UInt32(logDirectories.count))
        for directory in logDirectories { writer.write(directory) }
        writer.write(isFenced)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        brokerId = try cursor.int32()
        brokerEpoch = try cursor.int64()
        incarnationId = try cursor.uuid()
        endpoints = try cursor.elements(minimumSize: 6) { cursor throws(DecodeError) in
            BrokerEndpoint(
                listener: try cursor.field(), host: try cursor.field(), port: try cursor.uint16(),
                securityProtocol: try cursor.int16())
        }
        rack = try cursor.optionalField()
        features = try cursor.elements(minimumSize: 5) { cursor throws(DecodeError) in
            SupportedFeature(name: try cursor.field(), minimum: try cursor.int16(), maximum: try cursor.int16())
        }
        logDirectories = try cursor.elements(minimumSize: 16) { cursor throws(DecodeError) in try cursor.uuid() }
        isFenced = try cursor.bool()
    }
}

extension BrokerFencingRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.write(brokerId)
        writer.write(brokerEpoch)
        writer.write(isFenced)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        brokerId = try cursor.int32()
        brokerEpoch = try cursor.int64()
        isFenced = try cursor.bool()
    }
}

extension BrokerUnregistrationRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.write(brokerId)
        writer.write(brokerEpoch)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        brokerId = try cursor.int32()
        brokerEpoch = try cursor.int64()
    }
}

extension TopicRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeField(name)
        writer.write(id)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        name = try cursor.field()
        id = try cursor.uuid()
    }
}

extension PartitionRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.write(topicId)
        writer.write(partition)
        writer.writeUnsignedVarint(UInt32(state.replicas.count))
        for replica in state.replicas { writer.write(replica) }
        writer.writeUnsignedVarint(UInt32(state.directories.count))
        for directory in state.directories { writer.write(directory) }
        writer.writeUnsignedVarint(UInt32(state.inSyncReplicas.count))
        for replica in state.inSyncReplicas { writer.write(replica) }
        writer.write(state.leader)
        writer.write(state.leaderEpoch)
        writer.write(state.partitionEpoch)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        topicId = try cursor.uuid()
        partition = try cursor.int32()
        state = PartitionState(
            replicas: try cursor.elements(minimumSize: 4) { cursor throws(DecodeError) in try cursor.int32() },
            directories: try cursor.elements(minimumSize: 16) { cursor throws(DecodeError) in try cursor.uuid() },
            inSyncReplicas: try cursor.elements(minimumSize: 4) { cursor throws(DecodeError) in try cursor.int32() },
            leader: try cursor.int32(), leaderEpoch: try cursor.int32(), partitionEpoch: try cursor.int32())
    }
}

extension ConfigurationRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.write(resource.kind.rawValue)
        writer.writeField(resource.name.text)
        writer.writeField(key)
        writer.writeOptionalField(value)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        guard let kind = ConfigurationResource.Kind(rawValue: try cursor.int8()) else { throw .unsupportedVersion }
        resource = ConfigurationResource(kind: kind, name: Name(try cursor.field()))
        key = try cursor.field()
        value = try cursor.optionalField()
    }
}

extension ProducerIdsRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.write(brokerId)
        writer.write(brokerEpoch)
        writer.write(nextId)
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        brokerId = try cursor.int32()
        brokerEpoch = try cursor.int64()
        nextId = try cursor.int64()
    }
}

extension ClientQuotaRecord {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeUnsignedVarint(UInt32(entity.parts.count))
        for part in entity.parts {
            writer.write(part.kind.rawValue)
            writer.writeOptionalField(part.name?.text)
        }
        writer.writeField(key)
        writer.write(value != nil)
        if let value { writer.write(value) }
    }

    fileprivate init(from cursor: inout ByteCursor) throws(DecodeError) {
        entity = ClientQuotaEntity(
            try cursor.elements(minimumSize: 2) { cursor throws(DecodeError) in
                guard let kind = ClientQuotaEntity.Kind(rawValue: try cursor.uint8()) else { throw .unsupportedVersion }
                return ClientQuotaEntity.Part(kind: kind, name: try cursor.optionalField().map { Name($0) })
            })
        key = try cursor.field()
        value = try cursor.bool() ? Double(bitPattern: UInt64(bitPattern: try cursor.int64())) : nil
    }
}

// Text is a varint of its length in bytes plus one, 0 for none, then UTF-8: as Kafka's compact strings, but as long as
// it needs to be. An array is a varint of its count, then its elements.

extension ByteWriter {
    fileprivate mutating func writeField(_ text: String) {
        writeUnsignedVarint(UInt32(text.utf8.count) + 1)
        writeText(text)
    }

    fileprivate mutating func writeOptionalField(_ text: String?) {
        if let text { writeField(text) } else { writeUnsignedVarint(0) }
    }
}

extension ByteCursor {
    fileprivate mutating func field() throws(DecodeError) -> String { try string(compact: true) }

    fileprivate mutating func optionalField() throws(DecodeError) -> String? { try nullableString(compact: true) }

    fileprivate mutating func elements<Element>(
        minimumSize: Int, _ read: (inout ByteCursor) throws(DecodeError) -> Element
    ) throws(DecodeError) -> [Element] {
        let count = Int(try unsignedVarint())
        guard count <= remaining / minimumSize else { throw .invalidLength }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }
}
