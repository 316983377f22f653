import Testing

@testable import Runtime

@Suite struct InputMemoryTests {
    private func fill(_ buffer: InputBuffer, _ count: Int) {
        for index in 0..<count {
            buffer.base.storeBytes(of: UInt8(truncatingIfNeeded: index), toByteOffset: index, as: UInt8.self)
        }
    }

    private func holds(_ buffer: InputBuffer, _ count: Int) -> Bool {
        (0..<count).allSatisfy { buffer.base.load(fromByteOffset: $0, as: UInt8.self) == UInt8(truncatingIfNeeded: $0) }
    }

    @Test func whatCameStaysWhenABufferGrows() {
        var pool = InputBufferPool(keeping: 64 << 20)
        var buffer = pool.take(20_000)
        fill(buffer, 20_000)
        for size in [100_000, 200_000, 1 << 20, 9 << 20] {
            buffer = pool.grow(buffer, filled: 20_000, to: size)
            #expect(buffer.capacity >= size)
            #expect(holds(buffer, 20_000))
        }
        pool.give(buffer)
        #expect(pool.keptBytes < 1 << 20, "the largest are not kept")
        pool.removeAll()
    }

    @Test func aKeptBufferServesAgain() {
        var pool = InputBufferPool(keeping: 64 << 20)
        let first = pool.take(1 << 20)
        pool.give(first)
        let second = pool.take(900_000)
        #expect(second.base == first.base)
        #expect(pool.keptBytes == 0)
        pool.give(second)
        pool.removeAll()
    }

    @Test func whatNobodyNeededForAWhileIsLetGo() {
        var pool = InputBufferPool(keeping: 64 << 20)
        let buffers = (0..<10).map { _ in pool.take(1 << 20) }
        for buffer in buffers { pool.give(buffer) }
        pool.releaseUnused()
        #expect(pool.keptBytes == 10 << 20, "they were not there all the time")
        pool.give(pool.take(1 << 20))
        pool.releaseUnused()
        #expect(pool.keptBytes == 1 << 20, "one was needed")
        pool.releaseUnused()
        #expect(pool.keptBytes == 0)
    }

    @Test func noMoreIsKeptThanTheLimit() {
        var pool = InputBufferPool(keeping: 3 << 20)
        let buffers = (0..<10).map { _ in pool.take(1 << 20) }
        for buffer in buffers { pool.give(buffer) }
        #expect(pool.keptBytes == 3 << 20)
        pool.removeAll()
        #expect(pool.keptBytes == 0)
    }
}
