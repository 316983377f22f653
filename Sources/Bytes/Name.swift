import Glibc

/// A name that somebody outside chose: of a group, a member, a user, a topic that is asked for.
///
/// Two are the same when their bytes are, as in Kafka. A `String` would hold those for the same that Unicode does: an é in
/// one scalar and in two, a Kelvin sign and a K. They are ordered by their bytes.
public struct Name: Hashable, Sendable {
    public let text: String

    @inlinable public init(_ text: String) { self.text = text }

    @inlinable public var isEmpty: Bool { text.isEmpty }

    public static func == (left: Name, right: Name) -> Bool {
        left.text.utf8.count == right.text.utf8.count
            && left.withBytes { left in right.withBytes { right in compare(left, right, left.count) == 0 } }
    }

    public func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // No byte of UTF-8: tells names apart that are hashed one after the other.
        hasher.combine(UInt8.max)
    }

    @inline(__always)
    private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        text.utf8.withContiguousStorageIfAvailable(body) ?? Array(text.utf8).withUnsafeBufferPointer(body)
    }

    @inline(__always)
    private static func compare(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, _ count: Int
    ) -> Int32 {
        guard let left = left.baseAddress, let right = right.baseAddress else { return 0 }
        return memcmp(left, right, count)
    }
}

extension Name: Comparable {
    public static func < (left: Name, right: Name) -> Bool {
        left.withBytes { left in
            right.withBytes { right in
                let order = compare(left, right, min(left.count, right.count))
                return order == 0 ? left.count < right.count : order < 0
            }
        }
    }
}

extension Name: ExpressibleByStringInterpolation, CustomStringConvertible {
    public init(stringLiteral text: String) { self.init(text) }

    public var description: String { text }
}
