public import Bytes
import Collections

/// The newest batches of a shard's partitions in memory, for consumers that read at the end of their logs: they share one
/// copy, and no file is read for them.
///
/// Only what somebody waits for is kept: a partition has `readerLife` writes to go after each visit of a reader at its
/// end. All partitions share one capacity; what was kept longest goes first.
public final class TailCache {
    static let readerLife = 64

    /// Bytes.
    public let capacity: Int
    public private(set) var byteCount = 0
    /// Reads that were answered from memory.
    public private(set) var hits: UInt64 = 0
    /// The tail that has kept a group, for each group, the oldest first. A tail drops its own groups in the same order.
    private var order: Deque<Tail> = []
    /// Groups in the order that their tails have cleared.
    private var clearedCount = 0

    public init(capacity: Int) { self.capacity = capacity }

    public func makeTail() -> Tail { Tail(self) }

    fileprivate func hit() { hits += 1 }

    fileprivate func kept(_ group: TailGroup, by tail: Tail) {
        byteCount += group.buffer.count
        order.append(tail)
        while byteCount > capacity, let oldest = order.popFirst() { dropFirst(of: oldest) }
    }

    private func dropFirst(of tail: Tail) {
        if let group = tail.dropFirst() { byteCount -= group.buffer.count } else { clearedCount -= 1 }
    }

    fileprivate func cleared(_ groups: Deque<TailGroup>) {
        byteCount -= groups.reduce(0) { $0 + $1.buffer.count }
        clearedCount += groups.count
        guard clearedCount > 64, clearedCount > order.count / 2 else { return }
        var kept: Deque<Tail> = []
        for tail in order where !tail.forgetCleared() { kept.append(tail) }
        order = kept
        clearedCount = 0
    }

    /// The newest written batches of one partition, without a gap. Empty while nobody reads there.
    public final class Tail {
        private let cache: TailCache
        private var groups: Deque<TailGroup> = []
        /// Groups that were cleared, and that the cache still has in its order.
        private var cleared = 0
        private var writesLeft = 0

        fileprivate init(_ cache: TailCache) { self.cache = cache }

        /// Whether the next write is to be kept.
        public var isWanted: Bool { writesLeft > 0 }

        /// A reader has come to the end of the log, and waits for more.
        public func visited() { writesLeft = TailCache.readerLife }

        /// Batches were written at the end of the log: `buffers` hold them, one after the other; nil if nobody has a copy.
        public func written(_ offsets: Range<Int64>, in buffers: [Buffer]?) {
            if writesLeft > 0 { writesLeft -= 1 }
            guard writesLeft > 0, let buffers else { return clear() }
            if let last = groups.last, last.offsets.upperBound != offsets.lowerBound { clear() }
            var end = offsets.upperBound
            var added: [TailGroup] = []
            for buffer in buffers.reversed() {
                let group = TailGroup(buffer: buffer, end: end)
                end = group.offsets.lowerBound
                added.append(group)
            }
            for group in added.reversed() {
                groups.append(group)
                cache.kept(group, by: self)
            }
        }

        /// Forgets all batches.
        public func clear() {
            guard !groups.isEmpty else { return }
            let gone = groups
            groups.removeAll()
            cleared += gone.count
            cache.cleared(gone)
        }

        /// The oldest group that the cache has in its order, nil if that was cleared.
        fileprivate func dropFirst() -> TailGroup? {
            forgetCleared() ? nil : groups.popFirst()
        }

        fileprivate func forgetCleared() -> Bool {
            guard cleared > 0 else { return false }
            cleared -= 1
            return true
        }

        /// Whole batches from the one that holds `offset` on; nil where the log has to be asked.
        ///
        /// - Parameters:
        ///   - maximumBytes: the most that is returned, but for the first batch when `atLeastOneBatch`.
        ///   - upTo: the offset at which the reader has to stop.
        public func read(
            from offset: Int64, maximumBytes: Int, upTo: Int64, atLeastOneBatch: Bool
        ) -> TailRead? {
            guard let first = groups.first, let last = groups.last, offset >= first.offsets.lowerBound,
                offset < last.offsets.upperBound
            else { return nil }
            var index = groups.count - 1
            while groups[index].offsets.lowerBound > offset { index -= 1 }
            var read = TailRead()
            while index < groups.count, groups[index].offsets.lowerBound < upTo {
                let group = groups[index]
                let part = group.part(
                    from: offset, upTo: upTo, maximumBytes: maximumBytes - read.byteCount,
                    atLeastOneBatch: atLeastOneBatch && read.slices.isEmpty)
                guard let part, part.slice.count > 0 else { break }
                read.append(part.slice)
                guard part.isToEnd else { break }
                index += 1
            }
            visited()
            guard read.byteCount > 0 else { return nil }
            cache.hit()
            return read
        }
    }
}

/// Records from memory.
public struct TailRead: Sendable {
    public private(set) var slices: [Slice] = []
    public private(set) var byteCount = 0

    fileprivate mutating func append(_ slice: Slice) {
        slices.append(slice)
        byteCount += slice.count
    }
}

/// What one write has put into the log.
private struct TailGroup {
    let buffer: Buffer
    let offsets: Range<Int64>

    init(buffer: Buffer, end: Int64) {
        self.buffer = buffer
        let start = buffer.withUnsafeBytes { BatchBounds($0, at: 0).baseOffset }
        precondition(start < end, "a write has a batch")
        offsets = start..<end
    }

    /// The batches between two offsets, and whether they are all that the group has from the first on.
    func part(
        from offset: Int64, upTo: Int64, maximumBytes: Int, atLeastOneBatch: Bool
    ) -> (slice: Slice, isToEnd: Bool)? {
        if offset <= offsets.lowerBound, offsets.upperBound <= upTo, buffer.count <= maximumBytes {
            return (buffer.all, true)
        }
        return buffer.withUnsafeBytes { bytes in
            var position = 0
            var start: Int?
            while position < bytes.count {
                let batch = BatchBounds(bytes, at: position)
                if batch.nextOffset > upTo { break }
                if batch.nextOffset > offset {
                    let size = position + batch.size - (start ?? position)
                    if size > maximumBytes, !(start == nil && atLeastOneBatch) { break }
                    if start == nil { start = position }
                }
                position += batch.size
            }
            guard let start else { return nil }
            return (Slice(buffer: buffer, offset: start, count: position - start), position == bytes.count)
        }
    }
}

/// Where a batch that this process has written begins and ends.
private struct BatchBounds {
    let baseOffset: Int64
    let nextOffset: Int64
    /// Bytes.
    let size: Int

    init(_ bytes: UnsafeRawBufferPointer, at position: Int) {
        baseOffset = Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int64.self))
        size = 12 + Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: position + 8, as: Int32.self)))
        nextOffset =
            baseOffset + 1
            + Int64(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: position + 23, as: Int32.self)))
        precondition(size > 12 && position + size <= bytes.count, "a written batch is whole")
    }
}
