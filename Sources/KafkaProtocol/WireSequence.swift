import Bytes

/// An element of a `WireSequence`.
public protocol WireElement {
    /// Reads the element and all that belongs to it.
    init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError)
    /// The fewest bytes that it takes.
    static func minimumSize(version: Int16) -> Int
}

/// An array that stays where it is in a request or response, and is read while it is iterated.
///
/// All of it was read once when the sequence was made, so iteration cannot fail. It borrows its bytes: it must not
/// outlive the closure or tick in which they are valid, and no length in them may be changed meanwhile.
public struct WireSequence<Element: WireElement>: Sequence {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    @usableFromInline let version: Int16
    /// The number of elements.
    public let count: Int

    @inlinable
    init(from cursor: inout ByteCursor, version: Int16, compact: Bool) throws(DecodeError) {
        guard let sequence = try WireSequence(nullableFrom: &cursor, version: version, compact: compact) else {
            throw .unexpectedNull
        }
        self = sequence
    }

    @inlinable
    init?(nullableFrom cursor: inout ByteCursor, version: Int16, compact: Bool) throws(DecodeError) {
        let size = Element.minimumSize(version: version)
        guard let count = try cursor.arrayCount(compact: compact, minimumElementSize: size) else { return nil }
        bytes = cursor.rest
        self.version = version
        self.count = count
        for _ in 0..<count { _ = try Element(from: &cursor, version: version) }
    }

    /// A sequence without elements.
    @inlinable
    init() {
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        version = 0
        count = 0
    }

    @inlinable public var underestimatedCount: Int { count }

    @inlinable public func makeIterator() -> Iterator { Iterator(self) }

    public struct Iterator: IteratorProtocol {
        @usableFromInline var cursor: ByteCursor
        @usableFromInline var left: Int
        @usableFromInline let version: Int16

        @inlinable
        init(_ sequence: WireSequence) {
            cursor = ByteCursor(sequence.bytes)
            left = sequence.count
            version = sequence.version
        }

        @inlinable
        public mutating func next() -> Element? {
            guard left > 0 else { return nil }
            left -= 1
            do {
                return try Element(from: &cursor, version: version)
            } catch {
                preconditionFailure("bytes that were valid when the view was made have changed: \(error)")
            }
        }
    }
}
