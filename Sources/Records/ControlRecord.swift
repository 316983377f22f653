import Bytes

/// The kinds of records in control batches, by the number in their key.
public enum ControlRecordType: Int16, Sendable {
    case abort = 0
    case commit = 1
    case leaderChange = 2
    case snapshotHeader = 3
    case snapshotFooter = 4
    case kraftVersion = 5
    case kraftVoters = 6

    static let version: Int16 = 0

    /// The type that the key of a control record names; nil for one that is not known, which readers pass over.
    ///
    /// Throws where the key is none of a control record.
    public init?(key: UnsafeRawBufferPointer?) throws(DecodeError) {
        guard let key else { throw .unexpectedNull }
        var cursor = ByteCursor(key)
        guard try cursor.int16() >= ControlRecordType.version else { throw .unsupportedVersion }
        self.init(rawValue: try cursor.int16())
    }
}

/// The record that ends a transaction in a partition. It is alone in its batch.
public struct EndTransactionMarker: Equatable, Sendable {
    public enum Outcome: Sendable {
        case abort
        case commit

        var type: ControlRecordType { self == .commit ? .commit : .abort }
    }

    static let version: Int16 = 0

    public var outcome: Outcome
    /// The epoch of the transaction coordinator that decided.
    public var coordinatorEpoch: Int32

    public init(_ outcome: Outcome, coordinatorEpoch: Int32) {
        self.outcome = outcome
        self.coordinatorEpoch = coordinatorEpoch
    }

    /// Reads a record of a control batch; nil for other kinds. Values of later versions begin like the first.
    public init?(_ record: RecordView) throws(DecodeError) {
        switch try ControlRecordType(key: record.key) {
        case .abort: outcome = .abort
        case .commit: outcome = .commit
        default: return nil
        }
        guard let value = record.value else { throw .unexpectedNull }
        var cursor = ByteCursor(value)
        guard try cursor.int16() >= EndTransactionMarker.version else { throw .unsupportedVersion }
        coordinatorEpoch = try cursor.int32()
    }

    /// The control batch with this marker; `timestamp` is in milliseconds since 1970.
    public func batch(producerId: Int64, producerEpoch: Int16, timestamp: Int64) -> Buffer {
        var key = ByteWriter(capacity: 16)
        key.write(ControlRecordType.version)
        key.write(outcome.type.rawValue)
        var value = ByteWriter(capacity: 16)
        value.write(EndTransactionMarker.version)
        value.write(coordinatorEpoch)
        var options = BatchBuilder.Options()
        options.producerId = producerId
        options.producerEpoch = producerEpoch
        options.isTransactional = true
        options.isControl = true
        var builder = BatchBuilder(options)
        let isTaken = builder.append(timestamp: timestamp, key: key.bytes, value: value.bytes)
        precondition(isTaken, "the first record always fits")
        return builder.finish()
    }
}
