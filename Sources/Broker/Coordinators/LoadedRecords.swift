import Bytes
import Coordination
import Files
import LogStorage
import Records

/// A coordinator's records out of a part of its log; made on the blocking pool.
struct LoadedRecords<Record: CoordinatorRecord>: Sendable {
    /// Bytes that are read at a time.
    static var windowBytes: Int { 4 << 20 }

    private(set) var records: [Record] = []
    /// What could not be read, in words; what follows it was read all the same where that was possible.
    private(set) var problem: String?

    init(_ read: LogRead) {
        let buffer = MutableBuffer(uninitializedCount: read.count)
        do throws(FileError) {
            var done = 0
            while done < read.count {
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[done...])
                let count = try read.segment.file.read(into: part, at: read.position + Int64(done))
                guard count > 0 else { break }
                done += count
            }
            decode(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer.bytes)[..<done]))
        } catch {
            problem = "\(error)"
        }
    }

    private mutating func decode(_ bytes: UnsafeRawBufferPointer) {
        let scratch = CodecScratch()
        var batches = RecordBatches(bytes)
        while true {
            do throws(RecordBatchError) {
                guard let batch = try batches.next() else { return }
                // Markers of transactions, and batches of some whose fate is not known: none is written here yet.
                if batch.header.attributes.isControl || batch.header.attributes.isTransactional { continue }
                decode(batch, scratch)
            } catch {
                problem = "\(error)"
                return
            }
        }
    }

    private mutating func decode(_ batch: RecordBatchView, _ scratch: CodecScratch) {
        do {
            let bytes = try scratch.decompress(
                batch.storedRecords, batch.header.attributes.compression ?? .none, limit: LoadedRecords.windowBytes * 16
            )
            var records = RecordIterator(bytes, count: batch.header.recordCount)
            while let record = try records.next() { decode(record, at: batch.header.baseOffset) }
        } catch {
            problem = "batch at offset \(batch.header.baseOffset): \(error)"
        }
    }

    private mutating func decode(_ record: RecordView, at baseOffset: Int64) {
        guard let key = record.key else { return }
        do throws(DecodeError) {
            if let record = try Record.decode(key: ByteCursor(key), value: record.value.map(ByteCursor.init)) {
                records.append(record)
            }
        } catch {
            problem = "offset \(baseOffset + Int64(record.offsetDelta)): \(error)"
        }
    }
}
