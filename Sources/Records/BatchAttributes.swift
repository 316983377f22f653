/// What the timestamps of a batch mean.
public enum TimestampType: UInt8, Sendable {
    /// Each record has the time that its producer gave it.
    case createTime = 0
    /// All records have the batch's maximum timestamp, at which the broker appended it.
    case logAppendTime = 1
}

/// The attribute bits of a batch. Bits that have no meaning yet are kept.
public struct BatchAttributes: RawRepresentable, Equatable, Sendable {
    public var rawValue: Int16

    @inlinable
    public init(rawValue: Int16) { self.rawValue = rawValue }

    public init(
        compression: Compression = .none, timestampType: TimestampType = .createTime, isTransactional: Bool = false,
        isControl: Bool = false
    ) {
        rawValue = Int16(compression.rawValue)
        self.timestampType = timestampType
        self.isTransactional = isTransactional
        self.isControl = isControl
    }

    @usableFromInline static let timestampTypeBit: Int16 = 1 << 3
    @usableFromInline static let transactionalBit: Int16 = 1 << 4
    @usableFromInline static let controlBit: Int16 = 1 << 5
    @usableFromInline static let deleteHorizonBit: Int16 = 1 << 6

    /// nil for the numbers 5–7, which name no codec.
    @inlinable public var compression: Compression? { Compression(rawValue: UInt8(rawValue & 7)) }

    /// Whether the records are packed, by whatever codec.
    @inlinable public var isCompressed: Bool { rawValue & 7 != 0 }

    @inlinable public var timestampType: TimestampType {
        get { rawValue & BatchAttributes.timestampTypeBit == 0 ? .createTime : .logAppendTime }
        set { set(BatchAttributes.timestampTypeBit, newValue == .logAppendTime) }
    }

    @inlinable public var isTransactional: Bool {
        get { rawValue & BatchAttributes.transactionalBit != 0 }
        set { set(BatchAttributes.transactionalBit, newValue) }
    }

    /// The records are for brokers and clients themselves: transaction markers and the like.
    @inlinable public var isControl: Bool {
        get { rawValue & BatchAttributes.controlBit != 0 }
        set { set(BatchAttributes.controlBit, newValue) }
    }

    /// The base timestamp is the time from which compaction may drop the batch's tombstones.
    @inlinable public var hasDeleteHorizon: Bool {
        get { rawValue & BatchAttributes.deleteHorizonBit != 0 }
        set { set(BatchAttributes.deleteHorizonBit, newValue) }
    }

    @inlinable
    mutating func set(_ bit: Int16, _ value: Bool) {
        rawValue = value ? rawValue | bit : rawValue & ~bit
    }

    @inlinable
    public func with(_ compression: Compression) -> BatchAttributes {
        BatchAttributes(rawValue: rawValue & ~7 | Int16(compression.rawValue))
    }
}
