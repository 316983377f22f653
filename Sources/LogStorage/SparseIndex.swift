import Files

/// An entry of an index file: fixed size, big-endian.
protocol SparseIndexEntry: Sendable, Equatable {
    static var size: Int { get }
    /// `bytes` has at least `size` bytes.
    init(_ bytes: UnsafeRawBufferPointer)
    func append(to bytes: inout [UInt8])
}

/// The batch that ends with an offset and where it begins in the log file.
struct OffsetIndexEntry: SparseIndexEntry {
    static let size = 8

    /// The offset of the batch's last record, less the segment's base offset.
    var relativeOffset: UInt32
    var position: UInt32

    init(relativeOffset: UInt32, position: UInt32) {
        self.relativeOffset = relativeOffset
        self.position = position
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        relativeOffset = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
        position = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    func append(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: relativeOffset.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: position.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// The largest timestamp up to a place in the segment, and the last offset of the batch that has it.
struct TimeIndexEntry: SparseIndexEntry {
    static let size = 12

    /// Milliseconds since 1970.
    var timestamp: Int64
    var relativeOffset: UInt32

    init(timestamp: Int64, relativeOffset: UInt32) {
        self.timestamp = timestamp
        self.relativeOffset = relativeOffset
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        timestamp = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        relativeOffset = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    }

    func append(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: timestamp.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: relativeOffset.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// An index of which the older entries are in a file and the newest still in memory.
///
/// A look-up trusts nothing that it reads: whoever uses an entry compares it with the batch to which it points.
struct SparseIndex<Entry: SparseIndexEntry>: Sendable {
    /// Entries in the file, which has exactly their length.
    private(set) var storedCount = 0
    private(set) var pending: [Entry] = []
    private(set) var last: Entry?

    init() {}

    init(storedCount: Int, last: Entry?) {
        self.storedCount = storedCount
        self.last = last
    }

    var count: Int { storedCount + pending.count }
    var storedSize: Int64 { Int64(storedCount * Entry.size) }

    mutating func append(_ entry: Entry) {
        pending.append(entry)
        last = entry
    }

    /// The bytes of the first `count` entries that are not in the file yet.
    func encodePending(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * Entry.size)
        for entry in pending.prefix(count) { entry.append(to: &bytes) }
        return bytes
    }

    /// The file has `count` of the pending entries now.
    mutating func stored(_ count: Int) {
        storedCount += count
        if count == pending.count { pending = [] } else { pending.removeFirst(count) }
    }

    /// What `append` changes.
    struct Mark: Sendable {
        fileprivate var count: Int
        fileprivate var last: Entry?
    }

    var mark: Mark { Mark(count: count, last: last) }

    mutating func revert(to mark: Mark) {
        precondition(mark.count >= storedCount, "an index entry was stored before its batch was written")
        pending.removeLast(count - mark.count)
        last = mark.last
    }
}

extension SparseIndex {
    /// The last entry that satisfies `isBelow`, which holds for a prefix of the entries, and its place. `file` is asked
    /// for only if the entries in memory do not answer.
    func floor(
        _ file: () throws(ReadFailure) -> any File, _ mode: ReadMode, where isBelow: (Entry) -> Bool
    ) throws(ReadFailure) -> (index: Int, entry: Entry)? {
        if let first = pending.first, isBelow(first) {
            var low = 0
            var high = pending.count
            while high - low > 1 {
                let middle = (low + high) / 2
                if isBelow(pending[middle]) { low = middle } else { high = middle }
            }
            return (storedCount + low, pending[low])
        }
        if storedCount == 0 { return nil }
        return try floorInFile(try file(), mode, where: isBelow)
    }

    /// The entry at a place below `count`.
    func entry(
        at index: Int, _ file: () throws(ReadFailure) -> any File, _ mode: ReadMode
    ) throws(ReadFailure) -> Entry {
        if index >= storedCount { return pending[index - storedCount] }
        return try withEntries(in: index..<(index + 1), of: try file(), mode) { $0[0] }
    }

    private func floorInFile(
        _ file: any File, _ mode: ReadMode, where isBelow: (Entry) -> Bool
    ) throws(ReadFailure) -> (index: Int, entry: Entry)? {
        // Entries that one read at the end brings in.
        let page = 256
        var low = -1
        var high = storedCount
        while high - low > page {
            let middle = (low + high) / 2
            let entry = try entries(in: middle..<(middle + 1), of: file, mode)
            if isBelow(entry[0]) { low = middle } else { high = middle }
        }
        return try withEntries(in: max(low, 0)..<high, of: file, mode) { entries in
            var found: (index: Int, entry: Entry)?
            var (low, high) = (0, entries.count)
            while low < high {
                let middle = (low + high) / 2
                let entry = entries[middle]
                if isBelow(entry) {
                    found = (entries.first + middle, entry)
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return found
        }
    }

    /// Entries as they stand in the file.
    private struct StoredEntries {
        /// The place of the first of them in the index.
        let first: Int
        let bytes: UnsafeRawBufferPointer

        var count: Int { bytes.count / Entry.size }

        subscript(index: Int) -> Entry { Entry(UnsafeRawBufferPointer(rebasing: bytes[(index * Entry.size)...])) }
    }

    func entries(in range: Range<Int>, of file: any File, _ mode: ReadMode) throws(ReadFailure) -> [Entry] {
        try withEntries(in: range, of: file, mode) { entries in (0..<entries.count).map { entries[$0] } }
    }

    private func withEntries<Result>(
        in range: Range<Int>, of file: any File, _ mode: ReadMode, _ body: (StoredEntries) -> Result
    ) throws(ReadFailure) -> Result {
        let count = range.count * Entry.size
        return try withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { buffer throws(ReadFailure) in
            let read = try file.read(into: buffer, at: Int64(range.lowerBound * Entry.size), mode)
            guard read == count else { throw .badIndex }
            return body(StoredEntries(first: range.lowerBound, bytes: UnsafeRawBufferPointer(buffer)))
        }
    }
}
