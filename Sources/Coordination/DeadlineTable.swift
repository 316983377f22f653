/// Deadlines by name, the nearest first. Moving one to a later moment, which heartbeats do all the time, costs a look-up.
@usableFromInline
struct DeadlineTable<Name: Hashable> {
    /// The deadlines that count, in milliseconds.
    @usableFromInline var deadlines: [Name: Int64] = [:]
    /// A heap with at least one entry for each name, none of them later than its deadline.
    @usableFromInline var heap: [(deadline: Int64, name: Name)] = []

    @inlinable var count: Int { deadlines.count }
    var heapSize: Int { heap.count }

    @inlinable init() {}

    /// When to look again: no deadline passes before.
    @inlinable var next: Int64? { heap.first?.deadline }

    @inlinable mutating func set(_ name: Name, _ deadline: Int64) {
        let previous = deadlines.updateValue(deadline, forKey: name)
        if let previous, previous <= deadline { return }
        push(deadline, name)
        if heap.count > 2 * deadlines.count + 64 { rebuild() }
    }

    @inlinable func deadline(of name: Name) -> Int64? { deadlines[name] }

    @inlinable mutating func cancel(_ name: Name) { deadlines[name] = nil }

    /// A name whose deadline has passed, which is forgotten.
    @inlinable mutating func pop(at now: Int64) -> Name? {
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            guard let deadline = deadlines[first.name] else { continue }
            if deadline <= now {
                deadlines[first.name] = nil
                return first.name
            }
            push(deadline, first.name)
        }
        return nil
    }

    /// Drops the entries of deadlines that were cancelled or moved.
    @inlinable mutating func rebuild() {
        heap.removeAll(keepingCapacity: true)
        for (name, deadline) in deadlines { push(deadline, name) }
    }

    @inlinable mutating func push(_ deadline: Int64, _ name: Name) {
        heap.append((deadline, name))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    @inlinable mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].deadline < heap[left].deadline ? right : left
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
