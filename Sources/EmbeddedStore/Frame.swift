import Bytes
import CSystem
import Files

/// The bytes of one batch in a journal or snapshot, big-endian: length u32 (of what follows the checksum), CRC-32C u32
/// (of the same), first offset i64, controller epoch i32, time i64, record count u32; each record: length u32, type
/// u16, version u8, payload.
enum Frame {
    /// Length and checksum.
    static let prefixSize = 8
    /// First offset, controller epoch, time and count.
    static let fixedSize = 24
    /// The length, type and version of a record.
    static let recordOverhead = 7
    /// More than any append needs: a longer length field is damage.
    static let maximumSize = 256 << 20

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        martlet_crc32c(0, bytes.baseAddress, bytes.count)
    }

    /// Throws `tooLarge` only.
    static func encode(_ batch: JournalBatch, into writer: inout ByteWriter) throws(StoreError) {
        let size = batch.records.reduce(fixedSize) { $0 + recordOverhead + $1.payload.count }
        guard size <= maximumSize else { throw .tooLarge }
        let start = writer.count
        writer.write(UInt32(size))
        writer.write(UInt32(0))
        writer.write(batch.firstOffset)
        writer.write(batch.controllerEpoch)
        writer.write(batch.time)
        writer.write(UInt32(batch.records.count))
        for record in batch.records {
            writer.write(UInt32(record.payload.count + 3))
            writer.write(record.type)
            writer.write(record.version)
            writer.write(record.payload)
        }
        let checksum = writer.withUnsafeBytes {
            Frame.checksum(UnsafeRawBufferPointer(rebasing: $0[(start + prefixSize)...]))
        }
        writer.overwrite(Int32(bitPattern: checksum), at: start + 4)
    }

    enum Decoded: Equatable {
        /// The batch, and how many bytes it takes.
        case batch(JournalBatch, size: Int)
        /// The bytes end before the frame does.
        case incomplete
        /// The checksum is wrong.
        case damaged
        /// The checksum is right, the content is not what this version writes.
        case malformed
    }

    /// The frame at the start of the bytes.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Decoded {
        var cursor = ByteCursor(bytes)
        guard let length = try? cursor.uint32(), let checksum = try? cursor.uint32() else { return .incomplete }
        guard length >= fixedSize, length <= maximumSize else { return .damaged }
        guard let content = try? cursor.take(Int(length)) else { return .incomplete }
        guard Frame.checksum(content) == checksum || PlantedBug.journalTailTrustedUnchecked.isOn else {
            return .damaged
        }
        guard let batch = try? decodeContent(content) else { return .malformed }
        return .batch(batch, size: prefixSize + content.count)
    }

    /// Where, behind the first byte, a whole frame with a right checksum and at least this first offset starts.
    static func nextIntact(in bytes: UnsafeRawBufferPointer, from offset: Int64) -> Int? {
        let last = bytes.count - prefixSize - fixedSize
        var start = 1
        while start <= last {
            let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
            if length >= fixedSize, length <= bytes.count - start - prefixSize {
                let content = UnsafeRawBufferPointer(rebasing: bytes[(start + prefixSize)...].prefix(length))
                let checksum = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self))
                let first = Int64(bigEndian: content.loadUnaligned(as: Int64.self))
                if first >= offset, Frame.checksum(content) == checksum { return start }
            }
            start += 1
        }
        return nil
    }

    private static func decodeContent(_ content: UnsafeRawBufferPointer) throws(DecodeError) -> JournalBatch {
        var cursor = ByteCursor(content)
        var batch = JournalBatch(
            firstOffset: try cursor.int64(), controllerEpoch: try cursor.int32(), time: try cursor.int64(), records: [])
        let count = try cursor.uint32()
        guard Int(count) <= cursor.remaining / recordOverhead else { throw .invalidLength }
        let end = batch.firstOffset.addingReportingOverflow(Int64(count))
        guard batch.firstOffset >= 0, batch.controllerEpoch >= 0, !end.overflow else { throw .invalidLength }
        batch.records.reserveCapacity(Int(count))
        for _ in 0..<count {
            let length = try cursor.uint32()
            var fields = ByteCursor(try cursor.take(Int(length)))
            let type = try fields.uint16()
            let version = try fields.uint8()
            batch.records.append(EncodedRecord(type: type, version: version, payload: [UInt8](fields.rest)))
        }
        guard cursor.remaining == 0 else { throw .invalidLength }
        return batch
    }
}
