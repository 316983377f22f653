import CSystem
import Synchronization

/// Memory for bytes received, owned by whoever holds it until it is given back to the pool it came from.
struct InputBuffer {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    /// It has pages of its own, outside the allocator's heaps.
    let isMapped: Bool
}

/// Input buffers of one shard.
///
/// Big ones have pages of their own: only what was received is resident of them, they grow without a copy, and when they
/// are let go the kernel has their memory back at once, however the heaps look. They are kept for reuse, as faulting them
/// in again costs more than the bytes that they carry; those that nobody needed for a while are let go. Small ones come
/// from the allocator, which is quicker.
struct InputBufferPool {
    private static let smallestMapped = 128 << 10
    private static let largestKept = 8 << 20
    private static let mostKept = 64
    private static let pageSize = 4_096
    private static let mapped = Atomic<Int>(0)

    /// Of all shards: what their buffers have mapped, touched or not.
    static var mappedBytes: Int { mapped.load(ordering: .relaxed) }

    private var kept: [InputBuffer] = []
    private(set) var keptBytes = 0
    /// The fewest bytes that were kept since the unused ones were let go last.
    private var fewestKeptBytes = 0
    private let keptLimit: Int

    init(keeping limit: Int) { keptLimit = limit }

    /// A buffer of at least `capacity` bytes, and not much more than that.
    mutating func take(_ capacity: Int) -> InputBuffer {
        guard capacity >= InputBufferPool.smallestMapped else { return InputBufferPool.allocate(capacity) }
        return takeKept(capacity) ?? InputBufferPool.map(capacity)
    }

    /// A buffer of at least `capacity` bytes that begins with the first `filled` ones of `buffer`, which it replaces.
    mutating func grow(_ buffer: InputBuffer, filled: Int, to capacity: Int) -> InputBuffer {
        let larger: InputBuffer
        if buffer.isMapped {
            if let kept = takeKept(capacity) {
                larger = kept
            } else if let resized = InputBufferPool.resize(buffer, to: capacity) {
                return resized
            } else {
                larger = InputBufferPool.map(capacity)
            }
        } else {
            larger = take(capacity)
        }
        larger.base.copyMemory(from: buffer.base, byteCount: filled)
        give(buffer)
        return larger
    }

    mutating func give(_ buffer: InputBuffer) {
        if buffer.isMapped, buffer.capacity <= InputBufferPool.largestKept, kept.count < InputBufferPool.mostKept,
            keptBytes + buffer.capacity <= keptLimit
        {
            kept.append(buffer)
            keptBytes += buffer.capacity
        } else {
            InputBufferPool.free(buffer)
        }
    }

    /// Lets go of as many kept buffers as were there all the time since the last call.
    mutating func releaseUnused() {
        var excess = fewestKeptBytes
        while let buffer = kept.first, buffer.capacity <= excess {
            excess -= buffer.capacity
            keptBytes -= buffer.capacity
            InputBufferPool.free(buffer)
            kept.removeFirst()
        }
        fewestKeptBytes = keptBytes
    }

    mutating func removeAll() {
        for buffer in kept { InputBufferPool.free(buffer) }
        kept = []
        keptBytes = 0
    }

    private mutating func takeKept(_ capacity: Int) -> InputBuffer? {
        // The one that was given back last is the likeliest to be in the processor's cache.
        let index = kept.lastIndex { $0.capacity >= capacity && $0.capacity / 2 <= capacity }
        guard let index else { return nil }
        let buffer = kept.remove(at: index)
        keptBytes -= buffer.capacity
        fewestKeptBytes = min(fewestKeptBytes, keptBytes)
        return buffer
    }

    // MARK: - Memory

    private static func allocate(_ capacity: Int) -> InputBuffer {
        InputBuffer(
            base: .allocate(byteCount: capacity, alignment: 16), capacity: capacity, isMapped: false)
    }

    private static func map(_ capacity: Int) -> InputBuffer {
        let size = wholePages(capacity)
        guard let base = martlet_map_pages(size) else { return allocate(capacity) }
        mapped.wrappingAdd(size, ordering: .relaxed)
        return InputBuffer(base: base, capacity: size, isMapped: true)
    }

    private static func resize(_ buffer: InputBuffer, to capacity: Int) -> InputBuffer? {
        let size = wholePages(capacity)
        guard let base = martlet_resize_pages(buffer.base, buffer.capacity, size) else { return nil }
        mapped.wrappingAdd(size - buffer.capacity, ordering: .relaxed)
        return InputBuffer(base: base, capacity: size, isMapped: true)
    }

    private static func free(_ buffer: InputBuffer) {
        if buffer.isMapped {
            mapped.wrappingSubtract(buffer.capacity, ordering: .relaxed)
            martlet_unmap_pages(buffer.base, buffer.capacity)
        } else {
            buffer.base.deallocate()
        }
    }

    private static func wholePages(_ count: Int) -> Int { (count + pageSize - 1) / pageSize * pageSize }
}

/// The memory into which a shard reads what has no buffer of its own. It is handed out from start to end within a tick,
/// so that all frames of the tick stay where they are, and anew in the next one.
struct Scratch {
    /// Less than this is not worth a read.
    static let smallestRead = 16 << 10

    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private var used = 0

    init(capacity: Int) {
        precondition(capacity >= 2 * Scratch.smallestRead, "too little scratch memory for a read")
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 4_096)
    }

    /// What can still be handed out in this tick.
    var free: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + used, count: capacity - used)
    }

    var isUsedUp: Bool { capacity - used < Scratch.smallestRead }

    /// Takes the first `count` bytes of what is free until the tick ends.
    mutating func take(_ count: Int) { used += count }

    /// Ends the tick: all memory is free again.
    mutating func reset() { used = 0 }

    func deallocate() { base.deallocate() }
}
