/// A queue with two ends, in a ring of memory that doubles when it is full.
///
/// A value: copies share memory until one of them is changed. A deque that never held anything owns no memory.
public struct Deque<Element> {
    /// Empty places are nil. The size is zero or a power of two.
    @usableFromInline var ring: ContiguousArray<Element?> = []
    /// Where the first element stands in the ring.
    @usableFromInline var head = 0
    @usableFromInline var length = 0

    @inlinable public init() {}

    @inlinable public var count: Int { length }
    @inlinable public var isEmpty: Bool { length == 0 }

    @inlinable
    func place(_ index: Int) -> Int { (head &+ index) & (ring.count &- 1) }

    @inlinable
    mutating func grow() {
        var larger = ContiguousArray<Element?>(repeating: nil, count: ring.isEmpty ? 8 : ring.count * 2)
        for index in 0..<length { larger[index] = ring[place(index)].take() }
        ring = larger
        head = 0
    }

    @inlinable
    public mutating func append(_ element: Element) {
        if length == ring.count { grow() }
        ring[place(length)] = element
        length &+= 1
    }

    @inlinable
    public mutating func prepend(_ element: Element) {
        if length == ring.count { grow() }
        head = (head &- 1) & (ring.count &- 1)
        ring[head] = element
        length &+= 1
    }

    @inlinable
    public mutating func popFirst() -> Element? {
        guard length > 0 else { return nil }
        let element = ring[head].take()
        head = place(1)
        length &-= 1
        return element
    }

    @inlinable
    public mutating func popLast() -> Element? {
        guard length > 0 else { return nil }
        let last = place(length &- 1)
        let element = ring[last].take()
        length &-= 1
        return element
    }

    /// Empties the deque and gives its memory back.
    @inlinable
    public mutating func removeAll() { self = Deque() }
}

extension Deque: RandomAccessCollection, MutableCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { length }

    @inlinable
    public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < length, "an index outside the deque")
            return ring[place(index)].unsafelyUnwrapped
        }
        _modify {
            precondition(index >= 0 && index < length, "an index outside the deque")
            // Taken out for as long as it is changed, so that what it holds is not copied.
            var element = ring[place(index)].take().unsafelyUnwrapped
            defer { ring[place(index)] = element }
            yield &element
        }
    }
}

extension Deque: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Element...) {
        for element in elements { append(element) }
    }
}

extension Deque: Sendable where Element: Sendable {}
