import Bytes
import Files
import Testing

@testable import LogStorage

struct OffsetMapTests {
    /// What OpenSSL's SipHash gives for the bytes 0, 1, 2, … with the key 0, 1, 2, …, 15.
    private static let vectors: [(count: Int, hash: String)] = [
        (0, "A3817F04BA25A8E66DF67214C7550293"), (1, "DA87C1D86B99AF44347659119B22FC45"),
        (7, "A1F1EBBED8DBC153C0B84AA61FF08239"), (8, "3B62A9BA6258F5610F83E264F31497B4"),
        (15, "5493E99933B0A8117E08EC0F97CFC3D9"), (16, "6EE2A4CA67B054BBFD3315BF85230577"),
        (31, "2939B0183223FAFC1723DE4F52C43D35"), (63, "5150D1772F50834A503E069A973FBD7C"),
    ]

    @Test func theHashIsSipHash() {
        let hasher = KeyHasher(secret: (0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908))
        for (count, expected) in OffsetMapTests.vectors {
            let hash = (0..<UInt8(count)).map { $0 }.withUnsafeBytes { hasher.hash($0) }
            let bytes = [hash.low, hash.high].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            }
            let text = bytes.map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
            #expect(text == expected, "\(count) bytes")
        }
    }

    private func key(_ number: Int) -> [UInt8] { Array("key-\(number)".utf8) }

    private func insert(_ number: Int, _ offset: Int64, _ map: inout OffsetMap) -> Bool {
        let hash = key(number).withUnsafeBytes { map.hash($0) }
        map.fetch([hash, nil])
        return map.insert(hash, offset: offset)
    }

    private func offset(_ number: Int, _ map: borrowing OffsetMap) -> Int64? {
        let key = key(number)
        return map.offset(of: key.withUnsafeBytes { map.hash($0) })
    }

    @Test(arguments: [0.1, 0.5, 0.9, 0.95]) func itHoldsTheNewestOffsetOfEachKeyUntilItIsFull(load: Double) {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<20 {
            var map = OffsetMap(
                bytes: Int.random(in: 400...30_000, using: &generator), loadFactor: load, keys: .max,
                hasher: KeyHasher(secret: (generator.next(), generator.next())))
            var expected: [Int: Int64] = [:]
            for offset in 0..<Int64(map.capacity * 3) {
                let number = Int.random(in: 0..<(map.capacity * 2), using: &generator)
                let isTaken = insert(number, offset, &map)
                #expect(isTaken == (expected[number] != nil || expected.count < map.capacity))
                if isTaken { expected[number] = offset }
            }
            #expect(map.count == expected.count)
            for number in 0..<(map.capacity * 3) { #expect(offset(number, map) == expected[number]) }
        }
    }

    @Test func aSmallLogGetsASmallTable() {
        let map = OffsetMap(bytes: 128 << 20, loadFactor: 0.9, keys: 1000, hasher: KeyHasher(secret: (1, 2)))
        #expect(map.capacity >= 1000 && map.capacity < 1100)
        let least = OffsetMap(bytes: 0, loadFactor: 7, keys: .max, hasher: KeyHasher(secret: (1, 2)))
        #expect(least.capacity > 0)
    }
}
