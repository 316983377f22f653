import Bytes
import Metadata

extension EmbeddedStore: MetadataStore {
    public func append(
        _ records: [MetadataRecord], fencedBy controllerEpoch: Int32, now: Int64
    ) throws(StoreError) -> Int64 {
        precondition(!records.isEmpty, "an append of nothing has no offset")
        return try append(records.map(EncodedRecord.init), fencedBy: controllerEpoch, now: now)
    }

    public func write(_ snapshot: MetadataSnapshot, now: Int64) throws(StoreError) {
        try write(
            Snapshot(
                endOffset: snapshot.position.offset + 1, controllerEpoch: snapshot.position.controllerEpoch, time: now,
                records: snapshot.records.map(EncodedRecord.init)))
    }

    public func read(from offset: Int64) throws(StoreError) -> MetadataTail {
        let tailStart = tail.first?.firstOffset ?? endOffset
        if offset >= tailStart { return .batches(try decoded(tail.filter { $0.endOffset > offset })) }
        if let snapshotName, offset < snapshotName.endOffset { return .snapshot(try decodedSnapshot(snapshotName)) }
        let journals = try EmbeddedStore.readJournals(from: offset, in: try listFiles())
        // A write whose sync failed may stand in the file, but was not appended.
        return .batches(
            try decoded(EmbeddedStore.batches(of: journals, from: offset).filter { $0.endOffset <= endOffset }))
    }

    private func decodedSnapshot(_ name: StoreFiles.SnapshotName) throws(StoreError) -> MetadataSnapshot {
        let snapshot: Snapshot
        if let unreadSnapshot {
            snapshot = unreadSnapshot
        } else {
            snapshot = try EmbeddedStore.readSnapshot(name, in: try listFiles())
        }
        unreadSnapshot = nil
        let position = MetadataPosition(offset: snapshot.endOffset - 1, controllerEpoch: snapshot.controllerEpoch)
        return MetadataSnapshot(position: position, records: try decoded(snapshot.records, at: snapshot.endOffset))
    }

    private func decoded(_ batches: [JournalBatch]) throws(StoreError) -> [MetadataBatch] {
        var decodedBatches: [MetadataBatch] = []
        for batch in batches {
            decodedBatches.append(
                MetadataBatch(
                    firstOffset: batch.firstOffset, controllerEpoch: batch.controllerEpoch, time: batch.time,
                    records: try decoded(batch.records, at: batch.firstOffset)))
        }
        return decodedBatches
    }

    private func decoded(_ records: [EncodedRecord], at offset: Int64) throws(StoreError) -> [MetadataRecord] {
        do throws(MetadataRecordError) {
            var decodedRecords: [MetadataRecord] = []
            decodedRecords.reserveCapacity(records.count)
            for record in records {
                decodedRecords.append(
                    try record.payload.withUnsafeBufferPointer { (fields) throws(MetadataRecordError) in
                        try MetadataRecord(
                            type: record.type, version: record.version, fields: UnsafeRawBufferPointer(fields))
                    })
            }
            return decodedRecords
        } catch {
            throw .record(offset: offset, error)
        }
    }
}

extension EncodedRecord {
    init(_ record: MetadataRecord) {
        var writer = ByteWriter()
        record.encodeFields(into: &writer)
        self.init(type: record.type, version: record.version, payload: writer.bytes)
    }
}
