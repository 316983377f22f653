/// The 128 bits by which a record's key is known while its log is compacted.
///
/// Two keys with the same hash count as one key, and the older one's value would be lost. SipHash-2-4 with a secret key,
/// drawn anew for each compaction, is a pseudorandom function: nobody who chooses keys can make two of them meet, as is
/// easy with MD5, and by chance it happens among 100 million keys once in 2⁷⁵ compactions.
struct KeyHash: Hashable, Sendable {
    var high: UInt64
    var low: UInt64
}

/// SipHash-2-4 with an output of 128 bits.
struct KeyHasher: Sendable {
    private let first: UInt64
    private let second: UInt64

    /// - Parameter secret: random bits that no client knows.
    init(secret: (UInt64, UInt64)) {
        (first, second) = secret
    }

    func hash(_ bytes: UnsafeRawBufferPointer) -> KeyHash {
        var state = SipState(first, second)
        var position = 0
        while position + 8 <= bytes.count {
            state.absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
            position += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while position < bytes.count {
            last |= UInt64(bytes[position]) << shift
            shift += 8
            position += 1
        }
        state.absorb(last)
        return state.finish()
    }
}

private struct SipState {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    @inline(__always)
    init(_ first: UInt64, _ second: UInt64) {
        v0 = 0x736F_6D65_7073_6575 ^ first
        v1 = 0x646F_7261_6E64_6F6D ^ second ^ 0xEE
        v2 = 0x6C79_6765_6E65_7261 ^ first
        v3 = 0x7465_6462_7974_6573 ^ second
    }

    @inline(__always)
    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    @inline(__always)
    mutating func finish() -> KeyHash {
        v2 ^= 0xEE
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xDD
        for _ in 0..<4 { round() }
        return KeyHash(high: v0 ^ v1 ^ v2 ^ v3, low: low)
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }
}
