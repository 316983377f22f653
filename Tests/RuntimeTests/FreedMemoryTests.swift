import CAllocations
import Glibc
import Runtime
import Testing

@Suite struct FreedMemoryTests {
    /// In a process of its own, as the allocator is tuned for good.
    @Test(.enabled(if: allocations_are_counted() != 0, "a sanitizer has its own malloc"))
    func theEndOfAShardsHeapGoesBack() async {
        await #expect(processExitsWith: .success) {
            ProcessSetup.tuneAllocator()
            let handle = try Shard.start(name: "heap") { shard in
                let count = 64 << 10
                let pieces = (0..<512).map { _ in UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16) }
                for piece in pieces { piece.initializeMemory(as: UInt8.self, repeating: 1, count: count) }
                let inTheMiddle = pieces[256]
                for piece in pieces { piece.deallocate() }
                #expect(isResident(inTheMiddle), "what is freed is kept")
                FreedMemory.release(above: 1 << 20)
                FreedMemory.releaseEndOfOwnHeap(above: 1 << 20)
                #expect(!isResident(inTheMiddle))
                shard.stop()
            }
            handle.join()
        }
    }
}

/// Whether the page behind the one in which `address` lies takes memory.
private func isResident(_ address: UnsafeMutableRawPointer) -> Bool {
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    let page = UInt(bitPattern: address) / UInt(pageSize) * UInt(pageSize) + UInt(pageSize)
    var state: UInt8 = 0
    guard mincore(UnsafeMutableRawPointer(bitPattern: page), pageSize, &state) == 0 else { return false }
    return state & 1 == 1
}
