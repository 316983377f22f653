import Glibc

/// The bytes of one simulated file, twice: as a reader sees them, and as they stand on the disk.
///
/// They differ in the pages that were changed since the last sync; a crash decides for each of these what is left.
struct SimulatedContent: Sendable {
    static let pageSize = 4096
    /// The most that a disk writes in one piece: a page may be torn between two of these.
    static let sectorSize = 512

    /// What a reader sees.
    private(set) var cached: [UInt8] = []
    private var durable: [UInt8] = []
    /// Pages that the next sync writes.
    private var dirty: Set<Int> = []
    /// Pages that a failed sync marked clean: no later sync writes them, unless they are changed again.
    private var abandoned: Set<Int> = []
    /// Every length the file had since the last sync lies between these.
    private var possibleSizes = 0...0
    /// Where the reserved room ends, in whole pages; never before the last byte.
    private(set) var allocatedEnd = 0

    init() {}

    private init(onDisk bytes: [UInt8]) {
        cached = bytes
        durable = bytes
        possibleSizes = bytes.count...bytes.count
        allocatedEnd = Self.wholePages(bytes.count)
    }

    static func wholePages(_ size: Int) -> Int { (size + pageSize - 1) / pageSize * pageSize }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int) -> Int {
        let count = max(0, min(buffer.count, cached.count - position))
        guard count > 0 else { return 0 }
        cached.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        return count
    }

    /// Writes the first `count` bytes of the pieces one after another.
    mutating func write(_ pieces: [UnsafeRawBufferPointer], count: Int, at position: Int) {
        guard count > 0 else { return }
        let end = position + count
        if end > cached.count { resize(to: end) }
        cached.withUnsafeMutableBytes { bytes in
            var next = position
            for piece in pieces where next < end {
                let part = piece.prefix(end - next)
                UnsafeMutableRawBufferPointer(rebasing: bytes[next...]).copyBytes(from: part)
                next += part.count
            }
        }
        markDirty(position..<end)
    }

    mutating func truncate(to size: Int) {
        let changed = min(size, cached.count)..<max(size, cached.count, durable.count)
        resize(to: size)
        markDirty(changed)
        allocatedEnd = Self.wholePages(size)
    }

    mutating func allocate(to end: Int) {
        allocatedEnd = max(allocatedEnd, Self.wholePages(end))
    }

    mutating func sync() {
        Self.resize(&durable, to: cached.count)
        for page in dirty { Self.copyPage(page, from: cached, to: &durable) }
        dirty = []
        possibleSizes = cached.count...cached.count
    }

    /// A sync that the disk refused: the pages count as clean from now on, as on Linux, but were not written.
    mutating func failSync() {
        abandoned.formUnion(dirty)
        dirty = []
    }

    /// What a power loss leaves of the file.
    func afterCrash(using generator: inout some RandomNumberGenerator) -> SimulatedContent {
        var left = durable
        Self.resize(&left, to: size(afterCrashUsing: &generator))
        for page in dirty.union(abandoned).sorted() {
            switch Int.random(in: 0..<5, using: &generator) {
            case 0, 1: break
            case 2, 3: Self.copyPage(page, from: cached, to: &left)
            default:
                let sectors = Int.random(
                    in: 1..<Self.pageSize / Self.sectorSize, using: &generator)
                Self.copyPage(page, from: cached, to: &left, prefix: sectors * Self.sectorSize)
            }
        }
        return SimulatedContent(onDisk: left)
    }

    private func size(afterCrashUsing generator: inout some RandomNumberGenerator) -> Int {
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: possibleSizes.lowerBound
        case 1: possibleSizes.upperBound
        default: Int.random(in: possibleSizes, using: &generator)
        }
    }

    private mutating func resize(to size: Int) {
        Self.resize(&cached, to: size)
        possibleSizes = min(possibleSizes.lowerBound, size)...max(possibleSizes.upperBound, size)
        allocatedEnd = max(allocatedEnd, Self.wholePages(size))
    }

    private static func resize(_ bytes: inout [UInt8], to size: Int) {
        if size < bytes.count {
            bytes.removeLast(bytes.count - size)
        } else if size > bytes.count {
            bytes += zeros(size - bytes.count)
        }
    }

    /// Quick without optimization too, where an array of repeated elements is made one by one.
    private static func zeros(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let base = buffer.baseAddress { memset(base, 0, count) }
            initialized = count
        }
    }

    private mutating func markDirty(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        for page in range.lowerBound / Self.pageSize...(range.upperBound - 1) / Self.pageSize {
            dirty.insert(page)
            abandoned.remove(page)
        }
    }

    // Static, as a call on self would hold a second reference to the arrays and so copy them.

    /// Copies a page, or its first bytes, as far as the target reaches; past the source's end stand zeros.
    private static func copyPage(_ page: Int, from source: [UInt8], to target: inout [UInt8], prefix: Int = pageSize) {
        let start = page * Self.pageSize
        let end = min(start + prefix, target.count)
        guard start < end else { return }
        let known = max(start, min(end, source.count))
        if start < known { target.replaceSubrange(start..<known, with: source[start..<known]) }
        if known < end { target.replaceSubrange(known..<end, with: zeros(end - known)) }
    }
}
