import Bytes
import Files
import Records

/// Goes from batch to batch through a log file, through a window of memory.
///
/// It reads headers only, unless asked for a checksum, and steps over ranges that are known to be damaged.
struct BatchWalker: ~Copyable {
    private let file: any File
    private let mode: ReadMode
    private let end: Int64
    private let damage: [DamagedRange]
    private let offsetLimit: Int64
    private var window: MutableBuffer
    private var windowStart: Int64 = 0
    private var windowCount = 0

    /// How much is read for a header: large batches are stepped over, small ones are read with it.
    private var headerReach: Int

    /// Where the next batch begins.
    private(set) var position: Int64
    /// The lowest offset that the next batch may have.
    private(set) var expectedOffset: Int64
    /// Where the batch begins that `next` returned.
    private(set) var batchPosition: Int64 = 0
    /// The lowest offset that this batch could have.
    private var batchExpectedOffset: Int64
    /// The checksum that it says, as long as nobody compared it and the next batch has to begin right behind it.
    private var openChecksum: UInt32?

    /// A window for walks over headers, and one for checksums of all that is passed.
    static let headerWindow = 4096
    static let contentWindow = 128 << 10

    /// - Parameter offsetLimit: the offset behind the last batch, where it is known.
    init(
        _ file: any File, _ mode: ReadMode, from position: Int64, to end: Int64, expectedOffset: Int64,
        offsetLimit: Int64 = .max, skipping damage: [DamagedRange] = [], window: Int = BatchWalker.headerWindow
    ) {
        self.file = file
        self.mode = mode
        self.end = end
        self.damage = damage
        self.offsetLimit = offsetLimit
        self.position = position
        self.expectedOffset = expectedOffset
        batchExpectedOffset = expectedOffset
        self.window = MutableBuffer(uninitializedCount: window)
        headerReach = window
    }

    /// The header of the next batch; nil at the end. Throws `damaged` where none begins, or one that does not end in time;
    /// for the batch before, which was returned already, if that one's length or last offset is what is wrong.
    mutating func next() throws(ReadFailure) -> RecordBatchHeader? {
        skipDamage()
        guard position < end else { return nil }
        let header = try readHeader()
        if header.baseOffset > expectedOffset { try checkGap(before: header) }
        batchPosition = position
        batchExpectedOffset = expectedOffset
        openChecksum = header.checksum
        position += Int64(header.totalSize)
        expectedOffset = header.nextOffset
        headerReach = header.totalSize > BatchWalker.headerWindow ? BatchWalker.headerWindow : window.count
        return header
    }

    /// Compaction leaves gaps, but a base offset lies outside its batch's checksum: where the next batch would have to come
    /// before this one, or this one past the end of all, this one's offset is wrong.
    private mutating func checkGap(before header: RecordBatchHeader) throws(ReadFailure) {
        if header.nextOffset > offsetLimit { throw try misfit() }
        let behind = position + Int64(header.totalSize)
        guard end - behind >= Int64(RecordBatchHeader.size) else { return }
        let bytes = try load(RecordBatchHeader.size, at: behind, reach: headerReach)
        guard let next = RecordBatchHeader(plausible: bytes), next.baseOffset < header.nextOffset,
            next.baseOffset >= expectedOffset
        else { return }
        throw try misfit()
    }

    /// That the batch is damaged which `next` returned.
    var damaged: ReadFailure { .damaged(position: batchPosition, expectedOffset: batchExpectedOffset) }

    private mutating func skipDamage() {
        for range in damage where range.positions.contains(position) {
            position = range.positions.upperBound
            expectedOffset = range.offsets.upperBound
            openChecksum = nil
        }
    }

    private mutating func readHeader() throws(ReadFailure) -> RecordBatchHeader {
        guard end - position >= Int64(RecordBatchHeader.size) else { throw try misfit() }
        let bytes = try load(RecordBatchHeader.size, at: position, reach: headerReach)
        guard bytes.count >= RecordBatchHeader.size, let header = RecordBatchHeader(plausible: bytes),
            header.baseOffset >= expectedOffset, Int64(header.totalSize) <= end - position
        else { throw try misfit() }
        return header
    }

    /// What is damaged where the batch at `position`, or the end, does not follow the one before: that one, if its checksum is
    /// wrong.
    mutating func misfit() throws(ReadFailure) -> ReadFailure {
        if let stated = openChecksum, try !isChecksum(stated) {
            return damaged
        }
        return .damaged(position: position, expectedOffset: expectedOffset)
    }

    /// Whether the bytes of the batch that `next` returned are those of its checksum.
    mutating func isChecksumValid(_ header: RecordBatchHeader) throws(ReadFailure) -> Bool {
        openChecksum = nil
        return try isChecksum(header.checksum)
    }

    private mutating func isChecksum(_ stated: UInt32) throws(ReadFailure) -> Bool {
        var checksum: UInt32 = 0
        var next = batchPosition + Int64(RecordBatchHeader.checksummedFrom)
        while next < position {
            let bytes = try load(1, at: next, reach: window.count)
            guard !bytes.isEmpty else { return false }
            let count = min(bytes.count, Int(position - next))
            checksum = CRC32C.extending(checksum, with: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            next += Int64(count)
        }
        return checksum == stated
    }

    /// At least `count` bytes from `start` on, and all behind them that the window holds; fewer where the file ends. What
    /// the window does not hold is read anew, up to `reach` bytes.
    private mutating func load(
        _ count: Int, at start: Int64, reach: Int
    ) throws(ReadFailure) -> UnsafeRawBufferPointer {
        if start < windowStart || start + Int64(count) > windowStart + Int64(windowCount) {
            let wanted = Int(min(Int64(reach), end - start))
            let target = UnsafeMutableRawBufferPointer(rebasing: window.bytes[..<wanted])
            windowCount = 0
            windowCount = try file.read(into: target, at: start, mode)
            windowStart = start
        }
        return UnsafeRawBufferPointer(rebasing: window.bytes[Int(start - windowStart)..<windowCount])
    }
}

extension RecordBatchHeader {
    /// Where the bytes begin that the checksum covers.
    static let checksummedFrom = 21

    /// nil where the bytes cannot be the start of a batch that this or any broker stored.
    @inline(__always)
    init?(plausible bytes: UnsafeRawBufferPointer) {
        guard let header = try? RecordBatchHeader(bytes), header.hasPlausibleOffsets else { return nil }
        self = header
    }

    var hasPlausibleOffsets: Bool {
        guard baseOffset >= 0, lastOffsetDelta >= 0 else { return false }
        let (last, overflow) = baseOffset.addingReportingOverflow(Int64(lastOffsetDelta))
        return !overflow && last < .max
    }
}

/// A part of a segment that is not what was written.
struct DamagedRange: Sendable, Equatable {
    var positions: Range<Int64>
    /// The offsets that stood there.
    var offsets: Range<Int64>
}
