import Records

extension EndTransactionMarker {
    /// The marker that a control batch holds; nil for other batches and other control records.
    init?(controlBatch batch: RecordBatchView) {
        guard batch.header.attributes.isControl, !batch.header.attributes.isCompressed else { return nil }
        var records = RecordIterator(uncompressed: batch)
        guard let record = try? records.next(), let marker = try? EndTransactionMarker(record) else { return nil }
        self = marker
    }
}
