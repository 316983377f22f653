/// A metadata record as the journal keeps it: the store does not know what it means.
package struct EncodedRecord: Sendable, Equatable {
    package var type: UInt16
    package var version: UInt8
    package var payload: [UInt8]

    package init(type: UInt16, version: UInt8, payload: [UInt8]) {
        self.type = type
        self.version = version
        self.payload = payload
    }
}

/// Records that were appended together: all of them survive a crash, or none.
package struct JournalBatch: Sendable, Equatable {
    /// The offset of the first record; the others follow one by one.
    package var firstOffset: Int64
    package var controllerEpoch: Int32
    /// Milliseconds since 1970.
    package var time: Int64
    package var records: [EncodedRecord]

    package init(firstOffset: Int64, controllerEpoch: Int32, time: Int64, records: [EncodedRecord]) {
        self.firstOffset = firstOffset
        self.controllerEpoch = controllerEpoch
        self.time = time
        self.records = records
    }

    /// The offset behind the last record.
    package var endOffset: Int64 { firstOffset + Int64(records.count) }

    /// About what it takes in memory and on the disk, in bytes.
    var size: Int { records.reduce(64) { $0 + $1.payload.count + 32 } }
}
