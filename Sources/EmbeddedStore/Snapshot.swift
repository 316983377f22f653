import Bytes

/// The records that stand for all that was appended before an offset.
package struct Snapshot: Sendable, Equatable {
    /// The offset behind the last record that the snapshot stands for.
    package var endOffset: Int64
    package var controllerEpoch: Int32
    /// Milliseconds since 1970.
    package var time: Int64
    package var records: [EncodedRecord]

    package init(endOffset: Int64, controllerEpoch: Int32, time: Int64, records: [EncodedRecord]) {
        self.endOffset = endOffset
        self.controllerEpoch = controllerEpoch
        self.time = time
        self.records = records
    }

    var name: StoreFiles.SnapshotName { .init(endOffset: endOffset, controllerEpoch: controllerEpoch) }

    /// A frame holds about this many bytes of payload, unless one record is larger.
    private static let frameSize = 1 << 20

    /// A header, frames whose offsets count the snapshot's own records, and an empty frame as the end.
    func encoded() throws(StoreError) -> [UInt8] {
        var writer = ByteWriter(capacity: 4096)
        FileHeader(.snapshot, offset: endOffset, controllerEpoch: controllerEpoch, time: time).encode(into: &writer)
        var next = 0
        while next < records.count {
            let first = next
            var size = 0
            while next < records.count, next == first || size + records[next].payload.count <= Snapshot.frameSize {
                size += records[next].payload.count
                next += 1
            }
            try Frame.encode(batch(first..<next), into: &writer)
        }
        try Frame.encode(batch(next..<next), into: &writer)
        return writer.bytes
    }

    private func batch(_ range: Range<Int>) -> JournalBatch {
        JournalBatch(
            firstOffset: Int64(range.lowerBound), controllerEpoch: controllerEpoch, time: time,
            records: Array(records[range]))
    }

    /// Reads a snapshot, of which not a byte may be missing or different: it was complete before it got its name.
    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(StoreError) {
        let header = try FileHeader(.snapshot, of: bytes, path: path)
        self.init(endOffset: header.offset, controllerEpoch: header.controllerEpoch, time: header.time, records: [])
        var position = FileHeader.size
        while true {
            let damage: StoreError.Damage
            switch Frame.decode(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
            case .batch(let batch, let size) where batch.firstOffset == Int64(records.count):
                position += size
                guard batch.records.isEmpty else {
                    records += batch.records
                    continue
                }
                guard position == bytes.count else { throw .corrupt(path: path, position: Int64(position), .sequence) }
                return
            case .batch: damage = .sequence
            case .incomplete: damage = .truncated
            case .damaged: damage = .frame
            case .malformed: damage = .records
            }
            throw .corrupt(path: path, position: Int64(position), damage)
        }
    }
}
