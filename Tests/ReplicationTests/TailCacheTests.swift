import Bytes
import Records
import Replication
import Testing

struct TailCacheTests {
    let cache = TailCache(capacity: 100_000)

    /// A write of batches with so many records each, the first at `offset`.
    private func write(_ counts: [Int], at offset: Int64, valueSize: Int = 10) -> (
        offsets: Range<Int64>, buffer: Buffer
    ) {
        var bytes: [UInt8] = []
        var next = offset
        for count in counts {
            var options = BatchBuilder.Options()
            options.sizeLimit = 1 << 30
            var builder = BatchBuilder(options)
            for _ in 0..<count {
                _ = builder.append(timestamp: 1, key: nil, value: [UInt8](repeating: 1, count: valueSize))
            }
            var batch = builder.finish().all.bytes
            batch.withUnsafeMutableBytes {
                try? MutableRecordBatchView($0).assign(baseOffset: next, partitionLeaderEpoch: 0)
            }
            bytes += batch
            next += Int64(count)
        }
        return (offset..<next, Buffer(bytes))
    }

    private func offsets(_ read: TailRead?) -> [ClosedRange<Int64>] {
        var found: [ClosedRange<Int64>] = []
        for slice in read?.slices ?? [] {
            slice.withUnsafeBytes { bytes in
                var rest = bytes
                while let view = try? RecordBatchView(rest) {
                    found.append(view.header.baseOffset...view.header.lastOffset)
                    rest = UnsafeRawBufferPointer(rebasing: rest[view.header.totalSize...])
                    if rest.isEmpty { break }
                }
            }
        }
        return found
    }

    private func filled(_ tail: TailCache.Tail, from offset: Int64 = 0) {
        tail.visited()
        let (first, second) = (write([2, 3], at: offset), write([1, 1], at: offset + 5))
        tail.written(first.offsets, in: [first.buffer])
        tail.written(second.offsets, in: [second.buffer])
    }

    @Test func nothingIsKeptThatNobodyWaitsFor() {
        let tail = cache.makeTail()
        #expect(!tail.isWanted)
        let batch = write([1], at: 0)
        tail.written(batch.offsets, in: [batch.buffer])
        #expect(cache.byteCount == 0)
        #expect(tail.read(from: 0, maximumBytes: 1000, upTo: 1, atLeastOneBatch: true) == nil)
    }

    @Test func readsWholeBatchesWithinTheirBounds() {
        let tail = cache.makeTail()
        filled(tail)
        func read(_ offset: Int64, _ maximumBytes: Int, _ upTo: Int64, _ atLeastOne: Bool = true) -> [ClosedRange<
            Int64
        >] {
            offsets(tail.read(from: offset, maximumBytes: maximumBytes, upTo: upTo, atLeastOneBatch: atLeastOne))
        }
        #expect(read(0, 10_000, 7) == [0...1, 2...4, 5...5, 6...6])
        #expect(read(1, 10_000, 7) == [0...1, 2...4, 5...5, 6...6], "a batch is returned whole")
        #expect(read(3, 10_000, 7) == [2...4, 5...5, 6...6])
        #expect(read(6, 10_000, 7) == [6...6])
        #expect(read(0, 10_000, 5) == [0...1, 2...4])
        #expect(read(0, 10_000, 4) == [0...1], "what is not committed as a whole is not shown")
        #expect(read(2, 10_000, 4) == [])
        #expect(read(0, 0, 7) == [0...1])
        #expect(read(0, 0, 7, false) == [])
        #expect(read(7, 10_000, 7) == [])
        let size = write([2, 3], at: 0).buffer.count
        #expect(read(0, size, 7) == [0...1, 2...4])
        #expect(read(0, size - 1, 7) == [0...1])
    }

    @Test func aGapEmptiesIt() {
        let tail = cache.makeTail()
        filled(tail)
        tail.written(7..<9, in: nil)
        #expect(cache.byteCount == 0)
        let later = write([1], at: 9)
        tail.written(later.offsets, in: [later.buffer])
        #expect(offsets(tail.read(from: 9, maximumBytes: 1000, upTo: 10, atLeastOneBatch: true)) == [9...9])
        #expect(tail.read(from: 6, maximumBytes: 1000, upTo: 10, atLeastOneBatch: true) == nil)
    }

    @Test func aTailThatNobodyReadsIsGivenUp() {
        let tail = cache.makeTail()
        tail.visited()
        var end: Int64 = 0
        var writes = 0
        while tail.isWanted {
            let batch = write([1], at: end)
            tail.written(batch.offsets, in: [batch.buffer])
            end += 1
            writes += 1
        }
        #expect(writes == 64)
        #expect(cache.byteCount == 0)
    }

    @Test func theOldestOfAllPartitionsGoesFirst() {
        let (first, second) = (cache.makeTail(), cache.makeTail())
        filled(first)
        filled(second, from: 100)
        second.visited()
        var end: Int64 = 107
        while cache.byteCount + 10_500 < cache.capacity {
            let batch = write([1], at: end, valueSize: 10_000)
            second.written(batch.offsets, in: [batch.buffer])
            end += 1
        }
        #expect(offsets(first.read(from: 0, maximumBytes: 100, upTo: 7, atLeastOneBatch: true)) == [0...1])
        let batch = write([1], at: end, valueSize: 10_400)
        second.written(batch.offsets, in: [batch.buffer])
        #expect(cache.byteCount <= cache.capacity)
        #expect(first.read(from: 0, maximumBytes: 100, upTo: 7, atLeastOneBatch: true) == nil)
        #expect(offsets(second.read(from: end, maximumBytes: 0, upTo: end + 1, atLeastOneBatch: true)) == [end...end])
    }

    /// A partition that keeps and clears for ever must not fill the order of what is to go next.
    @Test func clearedTailsLeaveNothingBehind() {
        let (idle, busy) = (cache.makeTail(), cache.makeTail())
        filled(idle)
        let kept = cache.byteCount
        for _ in 0..<1000 {
            filled(busy)
            busy.clear()
            #expect(cache.byteCount == kept)
        }
        filled(busy)
        #expect(offsets(busy.read(from: 6, maximumBytes: 1000, upTo: 7, atLeastOneBatch: true)) == [6...6])
        #expect(offsets(idle.read(from: 6, maximumBytes: 1000, upTo: 7, atLeastOneBatch: true)) == [6...6])
    }
}
