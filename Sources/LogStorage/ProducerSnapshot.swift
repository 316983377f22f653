import Bytes
import Records

/// The content of a `.snapshot` file: all producers as they were at the offset that names it.
///
/// Kafka's format has only the newest batch of each producer. Its reader ignores what follows the entries, as long as the
/// checksum covers it; there the older batches stand, so that what a client had in flight is recognised after a restart.
///
///     version i16 = 1, crc u32 (CRC-32C of the rest), count i32, entries…, "MRTL", count i32, older batches…
enum ProducerSnapshot {
    private static let version: Int16 = 1
    private static let historyMark: UInt32 = 0x4D52_544C
    private static let checkedFrom = 6
    private static let entrySize = 42
    private static let historySize = 32

    static func encode(_ state: ProducerState) -> [UInt8] {
        let producers = state.entries.sorted { $0.key < $1.key }
        var writer = ByteWriter(capacity: 14 + producers.count * entrySize)
        writer.write(version)
        writer.write(UInt32(0))
        writer.write(Int32(producers.count))
        var older = 0
        for (id, entry) in producers {
            writeEntry(entry, of: id, to: &writer)
            older += max(entry.batches.count - 1, 0)
        }
        writer.write(historyMark)
        writer.write(Int32(older))
        for (id, entry) in producers {
            for index in 0..<max(entry.batches.count - 1, 0) {
                let batch = entry.batches[index]
                writer.write(id)
                writer.write(batch.lastSequence)
                writer.write(batch.lastOffset)
                writer.write(batch.offsetDelta)
                writer.write(batch.timestamp)
            }
        }
        let crc = writer.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[checkedFrom...])) }
        writer.overwrite(Int32(bitPattern: crc), at: 2)
        return writer.bytes
    }

    private static func writeEntry(_ entry: ProducerEntry, of id: Int64, to writer: inout ByteWriter) {
        let last = entry.batches.last
        writer.write(id)
        writer.write(entry.epoch)
        writer.write(last?.lastSequence ?? -1)
        writer.write(last?.lastOffset ?? -1)
        writer.write(last?.offsetDelta ?? 0)
        writer.write(entry.lastTimestamp)
        writer.write(entry.coordinatorEpoch)
        writer.write(entry.transactionStart ?? -1)
    }

    /// nil where the bytes are not a whole snapshot.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> ProducerState? {
        guard bytes.count >= checkedFrom else { return nil }
        do {
            var cursor = ByteCursor(bytes)
            guard try cursor.int16() == version, try cursor.uint32() == CRC32C.of(cursor.rest) else { return nil }
            let count = Int(try cursor.int32())
            guard count >= 0, count <= cursor.remaining / entrySize else { return nil }
            var entries: [(id: Int64, entry: ProducerEntry, last: ProducerBatch?)] = []
            for _ in 0..<count { entries.append(try readEntry(&cursor)) }
            let history = try readHistory(&cursor)
            var state = ProducerState()
            for (id, entry, last) in entries {
                var entry = entry
                for batch in history[id] ?? [] { entry.batches.append(batch) }
                if let last { entry.batches.append(last) }
                state.restore(entry, producerID: id)
            }
            return state
        } catch {
            return nil
        }
    }

    private static func readEntry(
        _ cursor: inout ByteCursor
    ) throws(DecodeError) -> (id: Int64, entry: ProducerEntry, last: ProducerBatch?) {
        let id = try cursor.int64()
        var entry = ProducerEntry()
        entry.epoch = try cursor.int16()
        var last = ProducerBatch(
            lastSequence: try cursor.int32(), lastOffset: try cursor.int64(), offsetDelta: try cursor.int32(),
            timestamp: -1)
        entry.lastTimestamp = try cursor.int64()
        last.timestamp = entry.lastTimestamp
        entry.coordinatorEpoch = try cursor.int32()
        let start = try cursor.int64()
        entry.transactionStart = start >= 0 ? start : nil
        return (id, entry, last.lastOffset >= 0 ? last : nil)
    }

    private static func readHistory(_ cursor: inout ByteCursor) throws(DecodeError) -> [Int64: [ProducerBatch]] {
        guard cursor.remaining >= 8, try cursor.uint32() == historyMark else { return [:] }
        let count = Int(try cursor.int32())
        guard count >= 0, count <= cursor.remaining / historySize else { throw .invalidLength }
        var history: [Int64: [ProducerBatch]] = [:]
        for _ in 0..<count {
            let id = try cursor.int64()
            let batch = ProducerBatch(
                lastSequence: try cursor.int32(), lastOffset: try cursor.int64(), offsetDelta: try cursor.int32(),
                timestamp: try cursor.int64())
            guard batch.lastOffset >= 0 else { throw .invalidLength }
            history[id, default: []].append(batch)
        }
        return history
    }
}
