import Bytes
import Records

extension TransactionMarker {
    /// Reads the marker that a control batch holds; nil for control records of another kind.
    init?(_ batch: RecordBatchView) {
        var records = RecordIterator(uncompressed: batch)
        guard batch.header.attributes.isControl, !batch.header.attributes.isCompressed,
            let record = try? records.next(), let key = record.key, let value = record.value
        else { return nil }
        var keyCursor = ByteCursor(key)
        var valueCursor = ByteCursor(value)
        do {
            _ = try keyCursor.int16()
            let type = try keyCursor.int16()
            guard type == 0 || type == 1 else { return nil }
            _ = try valueCursor.int16()
            self.init(isCommit: type == 1, coordinatorEpoch: try valueCursor.int32())
        } catch {
            return nil
        }
    }
}
