public import Collections

/// What is needed to take changes back: an entry per change, by the version in which it was made.
///
/// The state itself is always the newest; the journal holds only what is not committed yet.
public struct UndoJournal<Entry> {
    @usableFromInline var entries: Deque<(version: StateVersion, entry: Entry)> = []

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { entries.isEmpty }

    /// Notes how to take back a change. What is loaded is never taken back.
    @inlinable public mutating func append(_ entry: Entry, in version: StateVersion) {
        guard version > .loaded else { return }
        precondition(version >= entries.last?.version ?? .loaded, "versions rise")
        entries.append((version, entry))
    }

    /// Forgets the changes up to a version.
    @inlinable public mutating func commit(upTo version: StateVersion) {
        while let first = entries.first, first.version <= version { _ = entries.popFirst() }
    }

    /// Hands out the changes after a version, the newest first.
    @inlinable public mutating func revert(to version: StateVersion, _ undo: (Entry) -> Void) {
        while let last = entries.last, last.version > version {
            _ = entries.popLast()
            undo(last.entry)
        }
    }
}

/// A dictionary whose changes can be taken back until they are committed.
public struct RevertibleDictionary<Key: Hashable, Value> {
    @usableFromInline var state: [Key: Value] = [:]
    @inlinable public var current: [Key: Value] { state }
    @usableFromInline var journal = UndoJournal<(key: Key, previous: Value?)>()

    @inlinable public init() {}

    @inlinable public subscript(key: Key) -> Value? { state[key] }

    /// - Returns: what was there before.
    @discardableResult
    @inlinable public mutating func set(_ key: Key, _ value: Value?, in version: StateVersion) -> Value? {
        let previous: Value?
        if let value {
            previous = state.updateValue(value, forKey: key)
        } else {
            previous = state.removeValue(forKey: key)
        }
        journal.append((key, previous), in: version)
        return previous
    }

    @inlinable public mutating func commit(upTo version: StateVersion) { journal.commit(upTo: version) }

    /// - Parameter changed: is told of each value that goes, and what was there before it.
    @inlinable public mutating func revert(
        to version: StateVersion,
        _ changed: (_ key: Key, _ undone: Value?, _ restored: Value?) -> Void = { _, _, _ in }
    ) {
        journal.revert(to: version) { change in
            changed(change.key, state[change.key], change.previous)
            state[change.key] = change.previous
        }
    }
}
