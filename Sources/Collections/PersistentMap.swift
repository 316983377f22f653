/// A dictionary of which a copy costs nothing and a change copies only the path to it: versions share all the rest.
///
/// A hash trie of 32-way nodes that never change once made, so that versions may be read on several threads.
/// Look-up and change take time proportional to log32 of the count. The order of iteration is unspecified.
public struct PersistentMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var root: TrieNode<Key, Value>
    @usableFromInline var size: Int

    @inlinable
    public init() {
        root = TrieNode(bitmap: 0, slots: [])
        size = 0
    }

    @inlinable public var count: Int { size }
    @inlinable public var isEmpty: Bool { size == 0 }

    @inlinable
    public subscript(key: Key) -> Value? {
        get { root.value(of: key, hash: UInt(bitPattern: key.hashValue)) }
        set {
            if let newValue { updateValue(newValue, forKey: key) } else { removeValue(forKey: key) }
        }
    }

    /// Sets the key's value, whether it had one or not.
    @inlinable
    public mutating func updateValue(_ value: Value, forKey key: Key) {
        let entry = TrieEntry(hash: UInt(bitPattern: key.hashValue), key: key, value: value)
        let (node, isNew) = root.setting(entry, shift: 0)
        root = node
        if isNew { size += 1 }
    }

    /// Removes the key; nothing happens when it is not there.
    @inlinable
    public mutating func removeValue(forKey key: Key) {
        guard let node = root.removing(key, hash: UInt(bitPattern: key.hashValue), shift: 0) else { return }
        root = node
        size -= 1
    }
}

extension PersistentMap: Sequence {
    public struct Iterator: IteratorProtocol {
        @usableFromInline var path: [(node: TrieNode<Key, Value>, next: Int)]

        @inlinable
        init(_ root: TrieNode<Key, Value>) { path = [(root, 0)] }

        @inlinable
        public mutating func next() -> (key: Key, value: Value)? {
            while let (node, index) = path.last {
                guard index < node.slots.count else {
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next = index + 1
                switch node.slots[index] {
                case .entry(let entry): return (entry.key, entry.value)
                case .node(let child): path.append((child, 0))
                }
            }
            return nil
        }
    }

    @inlinable public func makeIterator() -> Iterator { Iterator(root) }

    @inlinable public var underestimatedCount: Int { count }

    @inlinable public var keys: [Key] { map(\.key) }
    @inlinable public var values: [Value] { map(\.value) }
}

extension PersistentMap: ExpressibleByDictionaryLiteral {
    @inlinable
    public init(dictionaryLiteral elements: (Key, Value)...) {
        self.init()
        for (key, value) in elements { updateValue(value, forKey: key) }
    }
}

extension PersistentMap: Equatable where Value: Equatable {
    @inlinable
    public static func == (left: PersistentMap, right: PersistentMap) -> Bool {
        left.root === right.root || left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}

@usableFromInline
struct TrieEntry<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline let hash: UInt
    @usableFromInline let key: Key
    @usableFromInline let value: Value

    @inlinable
    init(hash: UInt, key: Key, value: Value) {
        self.hash = hash
        self.key = key
        self.value = value
    }
}

/// A node of the trie. Above the last level, `bitmap` says which of the 32 places are taken, and `slots` holds them in
/// order. On the last level, where the hash is used up, `bitmap` is 0 and `slots` holds entries of equal hash.
@usableFromInline
final class TrieNode<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline
    enum Slot: Sendable {
        case entry(TrieEntry<Key, Value>)
        case node(TrieNode)
    }

    /// Bits of the hash that a level uses, and the shift at which there are none left.
    @inlinable static var bits: UInt { 5 }
    @inlinable static var exhausted: UInt { 65 }

    @usableFromInline let bitmap: UInt32
    @usableFromInline let slots: [Slot]

    @inlinable
    init(bitmap: UInt32, slots: [Slot]) {
        self.bitmap = bitmap
        self.slots = slots
    }

    /// The place's bit in the bitmap, and where in `slots` it is or would be.
    @inlinable
    func place(_ hash: UInt, _ shift: UInt) -> (bit: UInt32, index: Int) {
        let bit = UInt32(1) << UInt32(truncatingIfNeeded: (hash >> shift) & 31)
        return (bit, (bitmap & (bit - 1)).nonzeroBitCount)
    }

    @inlinable
    func value(of key: Key, hash: UInt) -> Value? {
        var node = self
        var shift: UInt = 0
        while shift < TrieNode.exhausted {
            let (bit, index) = node.place(hash, shift)
            guard node.bitmap & bit != 0 else { return nil }
            switch node.slots[index] {
            case .entry(let entry): return entry.key == key ? entry.value : nil
            case .node(let child): node = child
            }
            shift += TrieNode.bits
        }
        guard let index = node.collision(with: key), case .entry(let entry) = node.slots[index] else { return nil }
        return entry.value
    }

    @inlinable
    func setting(_ entry: TrieEntry<Key, Value>, shift: UInt) -> (node: TrieNode, isNew: Bool) {
        guard shift < TrieNode.exhausted else { return settingCollision(entry) }
        let (bit, index) = place(entry.hash, shift)
        var slots = slots
        guard bitmap & bit != 0 else {
            slots.insert(.entry(entry), at: index)
            return (TrieNode(bitmap: bitmap | bit, slots: slots), true)
        }
        switch slots[index] {
        case .entry(let old) where old.key == entry.key:
            slots[index] = .entry(entry)
            return (TrieNode(bitmap: bitmap, slots: slots), false)
        case .entry(let old):
            slots[index] = .node(TrieNode.pair(old, entry, shift: shift + TrieNode.bits))
            return (TrieNode(bitmap: bitmap, slots: slots), true)
        case .node(let child):
            let (node, isNew) = child.setting(entry, shift: shift + TrieNode.bits)
            slots[index] = .node(node)
            return (TrieNode(bitmap: bitmap, slots: slots), isNew)
        }
    }

    /// A node of two entries with different keys.
    @inlinable
    static func pair(
        _ first: TrieEntry<Key, Value>, _ second: TrieEntry<Key, Value>, shift: UInt
    ) -> TrieNode {
        TrieNode(bitmap: 0, slots: []).setting(first, shift: shift).node.setting(second, shift: shift).node
    }

    @inlinable
    func settingCollision(_ entry: TrieEntry<Key, Value>) -> (node: TrieNode, isNew: Bool) {
        var slots = slots
        if let index = collision(with: entry.key) {
            slots[index] = .entry(entry)
            return (TrieNode(bitmap: 0, slots: slots), false)
        }
        slots.append(.entry(entry))
        return (TrieNode(bitmap: 0, slots: slots), true)
    }

    @inlinable
    func collision(with key: Key) -> Int? {
        slots.firstIndex { slot in
            guard case .entry(let entry) = slot else { return false }
            return entry.key == key
        }
    }

    /// This node without the key; nil when it is not there.
    @inlinable
    func removing(_ key: Key, hash: UInt, shift: UInt) -> TrieNode? {
        guard shift < TrieNode.exhausted else {
            guard let index = collision(with: key) else { return nil }
            var slots = slots
            slots.remove(at: index)
            return TrieNode(bitmap: 0, slots: slots)
        }
        let (bit, index) = place(hash, shift)
        guard bitmap & bit != 0 else { return nil }
        var slots = slots
        switch slots[index] {
        case .entry(let entry):
            guard entry.key == key else { return nil }
            slots.remove(at: index)
            return TrieNode(bitmap: bitmap & ~bit, slots: slots)
        case .node(let child):
            guard let node = child.removing(key, hash: hash, shift: shift + TrieNode.bits) else { return nil }
            // A child of one entry becomes that entry, so that equal contents have equal shapes and paths stay short.
            if node.slots.count == 1, case .entry = node.slots[0] {
                slots[index] = node.slots[0]
            } else {
                slots[index] = .node(node)
            }
            return TrieNode(bitmap: bitmap, slots: slots)
        }
    }
}
