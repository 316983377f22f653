import Bytes

/// The newest offset of each key in the part of a log that is being compacted, in a table that grows to a fixed size.
///
/// Open addressing, each entry as near to its home as those before it let it be (Robin Hood): a key that is not there is
/// known to be missing after a few neighbouring slots, also when nine tenths of the table are full. It grows with the keys
/// because a look-up in a table that the processor's caches hold costs a fraction of one in a table of full size.
struct OffsetMap: ~Copyable {
    /// Bytes of a slot: a hash of 16 and an offset of 8.
    static let slotSize = 24
    /// Slots of the smallest table.
    static let minimumSlots = 16
    private static let initialSlots = 1 << 12
    /// While the table grows, a quarter more than its limit is in use.
    private static let growth = 4

    private struct Slot {
        var hash: KeyHash
        /// -1 where the slot is free.
        var offset: Int64
    }

    private var memory: MutableBuffer
    private var slotCount: Int
    private let mostSlots: Int
    private let loadFactor: Double
    /// Keys that the table takes at its present size.
    private var room: Int
    /// Keys that the map takes.
    let capacity: Int
    private(set) var count = 0
    private let hasher: KeyHasher

    /// - Parameters:
    ///   - bytes: the most memory that the table may take.
    ///   - loadFactor: how full it may get, from 0 to 1.
    ///   - keys: the most keys that there can be, so that a small log gets a small table.
    init(bytes: Int, loadFactor: Double, keys: Int64, hasher: KeyHasher) {
        precondition(MemoryLayout<Slot>.stride == OffsetMap.slotSize, "a slot has another layout")
        let load = loadFactor > 0 && loadFactor <= 0.95 ? loadFactor : 0.9
        let wanted = Double(max(keys, 0)) / load + 1
        let most = max(bytes / OffsetMap.slotSize, OffsetMap.minimumSlots)
        mostSlots = wanted < Double(most) ? max(Int(wanted), OffsetMap.minimumSlots) : most
        self.loadFactor = load
        self.hasher = hasher
        capacity = OffsetMap.keys(in: mostSlots, load)
        slotCount = min(mostSlots, OffsetMap.initialSlots)
        room = OffsetMap.keys(in: slotCount, load)
        memory = OffsetMap.freeSlots(slotCount)
    }

    private static func keys(in slots: Int, _ load: Double) -> Int { max(Int(Double(slots) * load), 1) }

    private static func freeSlots(_ count: Int) -> MutableBuffer {
        let memory = MutableBuffer(uninitializedCount: count * slotSize + MemoryLayout<UInt64>.size)
        let free = Slot(hash: KeyHash(high: 0, low: 0), offset: -1)
        memory.bytes.baseAddress?.initializeMemory(as: Slot.self, repeating: free, count: count)
        return memory
    }

    /// What the map knows a key by.
    func hash(_ key: UnsafeRawBufferPointer) -> KeyHash { hasher.hash(key) }

    /// Has the memory bring the slots of all these keys at the same time. No cache holds a large table: look-ups one after
    /// another would wait for each of them.
    func fetch(_ hashes: [KeyHash?]) {
        var seen: UInt64 = 0
        for case let hash? in hashes {
            let slot = self[home(hash)]
            seen ^= slot.hash.high ^ UInt64(bitPattern: slot.offset)
        }
        // Kept behind the table, as nothing would be read of which no use is made.
        memory.bytes.storeBytes(of: seen, toByteOffset: slotCount * OffsetMap.slotSize, as: UInt64.self)
    }

    /// Notes that the key with this hash stands at `offset`, which is above those noted before. False, and nothing changes,
    /// where the key is new and the map is full.
    mutating func insert(_ hash: KeyHash, offset: Int64) -> Bool {
        let slot = Slot(hash: hash, offset: offset)
        let (index, isKnown) = find(slot.hash)
        if isKnown {
            self[index].offset = offset
            return true
        }
        if count == room {
            guard slotCount < mostSlots else { return false }
            grow()
            place(slot, from: home(slot.hash))
        } else {
            place(slot, from: index)
        }
        count += 1
        return true
    }

    private mutating func grow() {
        let oldCount = slotCount
        slotCount = min(slotCount * OffsetMap.growth, mostSlots)
        room = OffsetMap.keys(in: slotCount, loadFactor)
        var old = OffsetMap.freeSlots(slotCount)
        swap(&memory, &old)
        for index in 0..<oldCount {
            let slot = old.bytes.load(fromByteOffset: index * OffsetMap.slotSize, as: Slot.self)
            if slot.offset >= 0 { place(slot, from: home(slot.hash)) }
        }
    }

    /// Puts a new key into the first slot from `start` on whose resident is nearer to its home; that one moves on.
    private mutating func place(_ new: Slot, from start: Int) {
        var slot = new
        var index = start
        var distance = self.distance(of: slot.hash, at: start)
        while true {
            let resident = self[index]
            if resident.offset < 0 {
                self[index] = slot
                return
            }
            let residentDistance = self.distance(of: resident.hash, at: index)
            if residentDistance < distance {
                self[index] = slot
                slot = resident
                distance = residentDistance
            }
            index = next(index)
            distance += 1
        }
    }

    /// Where the key is, or the first slot that it could be put into.
    private func find(_ hash: KeyHash) -> (index: Int, isKnown: Bool) {
        var index = home(hash)
        var distance = 0
        while true {
            let resident = self[index]
            if resident.offset < 0 { return (index, false) }
            if resident.hash == hash { return (index, true) }
            if self.distance(of: resident.hash, at: index) < distance { return (index, false) }
            index = next(index)
            distance += 1
        }
    }

    /// The newest offset of the key with this hash, nil where the part that was mapped does not have it.
    func offset(of hash: KeyHash) -> Int64? {
        let (index, isKnown) = find(hash)
        return isKnown ? self[index].offset : nil
    }

    private subscript(index: Int) -> Slot {
        get { memory.bytes.load(fromByteOffset: index * OffsetMap.slotSize, as: Slot.self) }
        nonmutating _modify {
            var slot = self[index]
            defer { memory.bytes.storeBytes(of: slot, toByteOffset: index * OffsetMap.slotSize, as: Slot.self) }
            yield &slot
        }
    }

    private func home(_ hash: KeyHash) -> Int {
        Int(hash.high.multipliedFullWidth(by: UInt64(slotCount)).high)
    }

    private func distance(of hash: KeyHash, at index: Int) -> Int {
        let distance = index - home(hash)
        return distance < 0 ? distance + slotCount : distance
    }

    private func next(_ index: Int) -> Int { index + 1 == slotCount ? 0 : index + 1 }
}
