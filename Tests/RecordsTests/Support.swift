import Bytes
import CSystem
import Testing

@testable import Records

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Noise, which no codec makes smaller.
    mutating func bytes(count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Words with repetitions, which every codec makes smaller.
    mutating func text(count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 16)
        while bytes.count < count { bytes.append(contentsOf: "word \(below(500)) ".utf8) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A batch written byte by byte as the format says, without the code under test; every field can be made wrong.
struct HandmadeBatch {
    struct Record {
        var key: [UInt8]?
        var value: [UInt8]?
        var timestampDelta: Int64 = 0
        var offsetDelta: Int64?
        var headers: [(key: [UInt8]?, value: [UInt8]?)] = []
    }

    static let time: Int64 = 1_700_000_000_000

    var records: [Record] = []
    var baseOffset: Int64 = 0
    var leaderEpoch: Int32 = -1
    var magic: Int8 = 2
    var attributes: Int16 = 0
    var baseTimestamp = HandmadeBatch.time
    var maxTimestamp: Int64?
    var lastOffsetDelta: Int32?
    var producerId: Int64 = -1
    var producerEpoch: Int16 = -1
    var baseSequence: Int32 = -1
    var count: Int32?
    var length: Int32?
    var checksum: UInt32?
    /// Stands where the records would.
    var payload: [UInt8]?
    var suffix: [UInt8] = []

    init(_ records: [Record]) { self.records = records }

    init(keys: [String?]) {
        records = keys.map { Record(key: $0.map { Array($0.utf8) }, value: Array("v".utf8)) }
    }

    /// `count` records with a key and a value.
    static func plain(_ count: Int = 1) -> HandmadeBatch {
        HandmadeBatch(keys: (0..<count).map { "key \($0)" })
    }

    func with(_ change: (inout HandmadeBatch) -> Void) -> HandmadeBatch {
        var copy = self
        change(&copy)
        return copy
    }

    static func varint(_ value: Int64) -> [UInt8] {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func sized(_ field: [UInt8]?) -> [UInt8] {
        guard let field else { return varint(-1) }
        return varint(Int64(field.count)) + field
    }

    var recordBytes: [UInt8] {
        records.enumerated().flatMap { (index, record) -> [UInt8] in
            var body: [UInt8] = [0]
            body += Self.varint(record.timestampDelta) + Self.varint(record.offsetDelta ?? Int64(index))
            body += Self.sized(record.key) + Self.sized(record.value) + Self.varint(Int64(record.headers.count))
            for header in record.headers { body += Self.sized(header.key) + Self.sized(header.value) }
            return Self.varint(Int64(body.count)) + body
        }
    }

    var bytes: [UInt8] {
        func big(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) } }
        let latest = records.map { baseTimestamp + $0.timestampDelta }.max() ?? baseTimestamp
        var tail = big(attributes) + big(lastOffsetDelta ?? Int32(records.count) - 1)
        tail += big(baseTimestamp) + big(maxTimestamp ?? latest)
        tail += big(producerId) + big(producerEpoch) + big(baseSequence) + big(count ?? Int32(records.count))
        tail += (payload ?? recordBytes) + suffix
        let sum = tail.withUnsafeBytes { martlet_crc32c_by(MARTLET_CRC32C_TABLE, 0, $0.baseAddress, $0.count) }
        var head = big(baseOffset) + big(length ?? Int32(tail.count + 9))
        head += big(leaderEpoch) + big(magic) + big(checksum ?? sum)
        return head + tail
    }
}

extension Array where Element == UInt8 {
    func withBatch<Result>(_ body: (RecordBatchView) throws -> Result) throws -> Result {
        try withUnsafeBytes { try body(try RecordBatchView($0)) }
    }
}

extension UnsafeRawBufferPointer {
    var array: [UInt8] { [UInt8](self) }
}
