/// What a journal file holds, judged from its bytes.
///
/// Each append is synced before the next one is written, so that a power loss can spoil the last frame only, and only in
/// one way: parts of it, between two sectors, were never written and read as zeros or lie past the end of the file.
/// That is a torn tail, which nobody was told of. Everything else that fails a check was damaged after it was acknowledged.
struct JournalScan {
    enum Tail: Equatable {
        case none
        /// The bytes from here to the end of the file were never synced.
        case torn(bytes: Int)
    }

    var header: FileHeader
    var batches: [JournalBatch] = []
    var tail = Tail.none
    /// Where the last intact frame starts, and where it ends.
    var lastFrame: Range<Int>

    /// The offset behind the last record.
    var endOffset: Int64 { batches.last?.endOffset ?? header.offset }
    var controllerEpoch: Int32 { batches.last?.controllerEpoch ?? header.controllerEpoch }

    /// Whether it ends as `EmbeddedStore.close` leaves it: with an empty frame that is no change of the controller.
    var isClosed: Bool {
        guard tail == .none, let last = batches.last, last.records.isEmpty else { return false }
        return last.controllerEpoch == (batches.dropLast().last?.controllerEpoch ?? header.controllerEpoch)
    }

    /// The sizes in which disks write: a smaller one explains all tears that a larger one does.
    private static let sectorSize = 512

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(StoreError) {
        header = try FileHeader(.journal, of: bytes, path: path)
        lastFrame = FileHeader.size..<FileHeader.size
        while lastFrame.upperBound < bytes.count {
            let position = lastFrame.upperBound
            let damage: StoreError.Damage
            switch Frame.decode(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
            case .batch(let batch, let size):
                if batch.firstOffset == endOffset, batch.controllerEpoch >= controllerEpoch {
                    batches.append(batch)
                    lastFrame = position..<position + size
                    continue
                }
                damage = .sequence
            case .malformed: damage = .records
            case .damaged, .incomplete:
                if JournalScan.isTorn(bytes, at: position, offset: endOffset) {
                    tail = .torn(bytes: bytes.count - position)
                    return
                }
                damage = .frame
            }
            throw .corrupt(path: path, position: Int64(position), damage)
        }
    }

    /// Whether a power loss explains why the frame at this position fails.
    private static func isTorn(_ bytes: UnsafeRawBufferPointer, at position: Int, offset: Int64) -> Bool {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        guard rest.count > Frame.prefixSize else { return true }
        // A frame behind it was written after the sync of this one.
        if Frame.nextIntact(in: rest, from: offset) != nil { return false }
        let length = Int(UInt32(bigEndian: rest.loadUnaligned(as: UInt32.self)))
        let checksum = UInt32(bigEndian: rest.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let content = UnsafeRawBufferPointer(rebasing: rest[Frame.prefixSize...])
        let end: Int
        if content.count >= Frame.fixedSize, Frame.checksum(content) == checksum {
            // All is there but the right length, which is torn only where a sector starts inside it.
            end = position + 4
        } else if length < Frame.fixedSize || length > Frame.maximumSize {
            end = bytes.count
        } else if length > content.count {
            return true
        } else {
            end = position + Frame.prefixSize + length
        }
        return hasUnwrittenSector(bytes, position..<end)
    }

    /// Whether all that a sector has of the range is zero.
    private static func hasUnwrittenSector(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min((start / sectorSize + 1) * sectorSize, range.upperBound)
            if bytes[start..<end].allSatisfy({ $0 == 0 }) { return true }
            start = end
        }
        return false
    }
}
