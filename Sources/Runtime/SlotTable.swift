/// What a shard waits for on a descriptor.
enum EventTarget {
    case nothing
    case waker
    case connection(Connection)
    case attempt(ConnectionAttempt)
    case listener(Listener)
    case signals(SignalWatch)
}

/// The tenants of the shard's event slots. An event for a tenant that has left is recognised by its generation.
struct SlotTable {
    private struct Slot {
        var generation: UInt32 = 1
        var target = EventTarget.nothing
    }

    private var slots: ContiguousArray<Slot> = []
    private var vacant: [UInt32] = []

    mutating func insert(_ target: EventTarget) -> SlotKey {
        if let index = vacant.popLast() {
            slots[Int(index)].target = target
            return SlotKey(index: index, generation: slots[Int(index)].generation)
        }
        slots.append(Slot(target: target))
        return SlotKey(index: UInt32(slots.count - 1), generation: 1)
    }

    mutating func replace(_ key: SlotKey, with target: EventTarget) {
        precondition(slots[Int(key.index)].generation == key.generation, "a slot of another tenant")
        slots[Int(key.index)].target = target
    }

    mutating func remove(_ key: SlotKey) {
        precondition(slots[Int(key.index)].generation == key.generation, "a slot of another tenant")
        slots[Int(key.index)].target = .nothing
        slots[Int(key.index)].generation &+= 1
        vacant.append(key.index)
    }

    subscript(key: SlotKey) -> EventTarget {
        let index = Int(key.index)
        guard index < slots.count, slots[index].generation == key.generation else { return .nothing }
        return slots[index].target
    }

    var targets: [EventTarget] { slots.map(\.target) }
}
