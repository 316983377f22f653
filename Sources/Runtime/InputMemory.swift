/// Memory for bytes received, owned by whoever holds it until it is given back to the pool it came from.
struct InputBuffer {
    let base: UnsafeMutableRawPointer
    let capacity: Int
}

/// Input buffers of one shard. Big ones are kept for reuse, as freeing and faulting them in again costs more than the
/// bytes that they carry; small ones come from the allocator, which is quicker.
struct InputBufferPool {
    private static let smallestKept = 128 << 10
    private static let mostKept = 16

    private var kept: [InputBuffer] = []
    private var keptBytes = 0
    private let keptLimit: Int

    init(keeping limit: Int) { keptLimit = limit }

    /// A buffer of at least `capacity` bytes, and not much more than that.
    mutating func take(_ capacity: Int) -> InputBuffer {
        if capacity >= InputBufferPool.smallestKept,
            let index = kept.firstIndex(where: { $0.capacity >= capacity && $0.capacity / 2 <= capacity })
        {
            let buffer = kept.remove(at: index)
            keptBytes -= buffer.capacity
            return buffer
        }
        return InputBuffer(base: .allocate(byteCount: capacity, alignment: 16), capacity: capacity)
    }

    mutating func give(_ buffer: InputBuffer) {
        if buffer.capacity >= InputBufferPool.smallestKept, kept.count < InputBufferPool.mostKept,
            keptBytes + buffer.capacity <= keptLimit
        {
            kept.append(buffer)
            keptBytes += buffer.capacity
        } else {
            buffer.base.deallocate()
        }
    }

    mutating func removeAll() {
        for buffer in kept { buffer.base.deallocate() }
        kept = []
        keptBytes = 0
    }
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
