import Bytes
import Testing

@Suite struct CursorTests {
    @Test func fixedWidthValuesComeBack() throws {
        var writer = ByteWriter(capacity: 1)
        writer.write(Int8(-3))
        writer.write(Int16.min)
        writer.write(UInt16.max)
        writer.write(Int32(-559_038_737))
        writer.write(UInt32.max)
        writer.write(Int64.min)
        writer.write(3.25)
        writer.write(true)
        writer.write(UUID(high: 1, low: 2))
        try writer.withUnsafeBytes { bytes throws in
            var cursor = ByteCursor(bytes)
            #expect(try cursor.int8() == -3)
            #expect(try cursor.int16() == Int16.min)
            #expect(try cursor.uint16() == UInt16.max)
            #expect(try cursor.int32() == -559_038_737)
            #expect(try cursor.uint32() == UInt32.max)
            #expect(try cursor.int64() == Int64.min)
            #expect(try cursor.float64() == 3.25)
            #expect(try cursor.bool())
            #expect(try cursor.uuid() == UUID(high: 1, low: 2))
            #expect(cursor.remaining == 0)
            #expect(throws: DecodeError.truncated) { try cursor.int8() }
        }
    }

    @Test(arguments: [0, 1, -1, 63, -64, 64, 8191, -8192, Int32.max, Int32.min])
    func varintsComeBack(value: Int32) throws {
        var writer = ByteWriter()
        writer.writeVarint(value)
        writer.writeUnsignedVarint(UInt32(bitPattern: value))
        writer.writeVarlong(Int64(value) << 31)
        try writer.withUnsafeBytes { bytes throws in
            var cursor = ByteCursor(bytes)
            #expect(try cursor.varint() == value)
            #expect(try cursor.unsignedVarint() == UInt32(bitPattern: value))
            #expect(try cursor.varlong() == Int64(value) << 31)
        }
    }

    @Test func overlongVarintsAreRefused() {
        let five: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x1F]
        let ten = [UInt8](repeating: 0xFF, count: 9) + [0x02]
        five.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            #expect(throws: DecodeError.invalidVarint) { try cursor.unsignedVarint() }
        }
        ten.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            #expect(throws: DecodeError.invalidVarint) { try cursor.varlong() }
        }
    }

    @Test(arguments: [true, false])
    func stringsAndBytesComeBack(compact: Bool) throws {
        var writer = ByteWriter()
        try writer.write("größe €", compact: compact)
        try writer.write(nil as String?, compact: compact)
        try writer.write([1, 2, 3], compact: compact)
        try writer.write(nil as [UInt8]?, compact: compact)
        try writer.withUnsafeBytes { bytes throws in
            var cursor = ByteCursor(bytes)
            #expect(try cursor.string(compact: compact) == "größe €")
            #expect(try cursor.nullableString(compact: compact) == nil)
            #expect(try cursor.bytes(compact: compact) == [1, 2, 3])
            #expect(throws: DecodeError.unexpectedNull) { try cursor.bytes(compact: compact) }
        }
    }

    @Test func aCountBeyondTheBytesIsRefused() {
        let claim: [UInt8] = [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
        claim.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            #expect(throws: DecodeError.invalidLength) {
                try cursor.arrayCount(compact: false, minimumElementSize: 1)
            }
        }
    }

    @Test func taggedFieldsAreMeasuredAfterTheyAreWritten() throws {
        var writer = ByteWriter()
        writer.writeUnsignedVarint(2)
        for (tag, size) in [(UInt32(0), 3), (UInt32(7), 300)] {
            writer.writeUnsignedVarint(tag)
            let start = writer.count
            writer.write([UInt8](repeating: UInt8(tag), count: size))
            writer.insertSize(at: start)
        }
        try writer.withUnsafeBytes { bytes throws in
            var cursor = ByteCursor(bytes)
            var seen: [UInt32: Int] = [:]
            try cursor.taggedFields { (tag, field) throws(DecodeError) in
                seen[tag] = field.remaining
                guard tag == 7 else { return false }
                try field.skip(300)
                return true
            }
            #expect(seen == [0: 3, 7: 300])
            #expect(cursor.remaining == 0)
        }
    }

    @Test func arraysHaveNoMoreElementsInAllThanTheReaderTakes() throws {
        var writer = ByteWriter()
        for count in [Int32(3), 2, 1] {
            writer.write(count)
            for _ in 0..<count { writer.write(Int8(0)) }
        }
        try writer.withUnsafeBytes { bytes throws in
            var cursor = ByteCursor(bytes)
            cursor.elementsLeft = 5
            #expect(try cursor.arrayCount(compact: false, minimumElementSize: 1) == 3)
            try cursor.skip(3)
            #expect(try cursor.arrayCount(compact: false, minimumElementSize: 1) == 2)
            try cursor.skip(2)
            #expect(throws: DecodeError.tooManyElements) {
                try cursor.arrayCount(compact: false, minimumElementSize: 1)
            }
        }
    }

    @Test func aFloodOfUnknownTagsIsRefused() {
        var writer = ByteWriter()
        writer.writeUnsignedVarint(65)
        for tag in 0..<UInt32(65) {
            writer.writeUnsignedVarint(tag)
            writer.writeUnsignedVarint(0)
        }
        writer.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            #expect(throws: DecodeError.tooManyTags) { try cursor.skipTaggedFields() }
        }
    }
}
