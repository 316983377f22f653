import Bytes
import Testing

@testable import Records

@Suite struct CodecTests {
    static let codecs: [Compression] = [.gzip, .snappy, .lz4, .zstd]

    static func pack(
        _ bytes: [UInt8], _ compression: Compression, level: Int? = nil, scratch: CodecScratch = CodecScratch()
    ) -> [UInt8] {
        var writer = ByteWriter()
        bytes.withUnsafeBytes { raw in
            scratch.compress(raw, compression, level: level ?? compression.defaultLevel, into: &writer)
        }
        return writer.bytes
    }

    static func unpack(
        _ bytes: [UInt8], _ compression: Compression, limit: Int = 64 << 20, scratch: CodecScratch = CodecScratch()
    ) throws -> [UInt8] {
        try bytes.withUnsafeBytes { try scratch.decompress($0, compression, limit: limit).array }
    }

    static let sizes = [
        0, 1, 2, 59, 60, 61, 255, 4096, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 131_072, 300_001, 1 << 20,
    ]

    @Test(arguments: [Compression.none] + codecs)
    func roundTrip(_ compression: Compression) throws {
        let scratch = CodecScratch()
        var generator = SeededGenerator(seed: 3)
        for size in Self.sizes {
            for bytes in [
                generator.text(count: size), generator.bytes(count: size), [UInt8](repeating: 9, count: size),
            ] {
                let packed = Self.pack(bytes, compression, scratch: scratch)
                #expect(try Self.unpack(packed, compression, scratch: scratch) == bytes, "\(size) bytes")
            }
        }
    }

    @Test(arguments: codecs)
    func everyLevel(_ compression: Compression) throws {
        let scratch = CodecScratch()
        var generator = SeededGenerator(seed: 4)
        let text = generator.text(count: 50_000)
        var levels = compression.levels.map { Array($0.clamped(to: -20...22)) } ?? []
        levels += [compression.defaultLevel]
        if compression == .zstd { levels += [-131_072, -1000] }
        for level in levels {
            #expect(compression.allows(level: level))
            let packed = Self.pack(text, compression, level: level, scratch: scratch)
            #expect(try Self.unpack(packed, compression, scratch: scratch) == text, "level \(level)")
            #expect(packed.count < text.count || level < -100)
        }
        if let levels = compression.levels {
            #expect(!compression.allows(level: levels.upperBound + 1))
            #expect(!compression.allows(level: levels.lowerBound - 3))
        }
    }

    @Test func levelsMakeADifference() {
        var generator = SeededGenerator(seed: 5)
        let text = generator.text(count: 200_000)
        func size(_ compression: Compression, _ level: Int) -> Int { Self.pack(text, compression, level: level).count }
        #expect(size(.gzip, 9) < size(.gzip, 1))
        #expect(size(.gzip, -1) == size(.gzip, 6))
        #expect(size(.lz4, 12) < size(.lz4, 9))
        #expect(size(.zstd, 19) < size(.zstd, 1))
    }

    @Test func framing() {
        var generator = SeededGenerator(seed: 6)
        let text = generator.text(count: 100_000)
        #expect(Self.pack(text, .gzip).starts(with: [0x1F, 0x8B, 8]))
        #expect(Self.pack(text, .snappy).starts(with: hex("82534e4150505900 00000001 00000001")))
        // Version 1, independent blocks, no checksums, no content size; 64 KiB; the descriptor's checksum.
        #expect(Self.pack(text, .lz4).starts(with: hex("04224d18 60 40 82")))
        #expect(Self.pack(text, .zstd).starts(with: hex("28b52ffd")))
        #expect(Self.pack([], .snappy).count == 16)
    }

    @Test(arguments: codecs)
    func limitIsExact(_ compression: Compression) throws {
        let scratch = CodecScratch()
        for size in [0, 1, 1000, 65_536, 65_537, 500_000] {
            let packed = Self.pack([UInt8](repeating: 1, count: size), compression)
            #expect(try Self.unpack(packed, compression, limit: size, scratch: scratch).count == size)
            guard size > 0 else { continue }
            for limit in [size - 1, size / 2, 0] {
                #expect(throws: CodecError.tooLarge) {
                    try Self.unpack(packed, compression, limit: limit, scratch: scratch)
                }
            }
        }
    }

    @Test(arguments: [Compression.gzip, .zstd, .snappy])
    func streamsOneAfterAnother(_ compression: Compression) throws {
        var generator = SeededGenerator(seed: 7)
        let parts = [generator.text(count: 70_000), [], generator.bytes(count: 500), generator.text(count: 3)]
        let packed = parts.flatMap { Self.pack($0, compression) }
        #expect(try Self.unpack(packed, compression) == parts.flatMap { $0 })
    }

    @Test func snappyWithoutFraming() throws {
        // "raw snappy block" with a length in front, as one literal of 16 bytes.
        let block = [16, 15 << 2] + Array("raw snappy block".utf8)
        #expect(try Self.unpack(block, .snappy) == Array("raw snappy block".utf8))
        #expect(throws: CodecError.corrupt) { try Self.unpack([], .snappy) }
    }

    @Test func snappyLengthThatNoBlockHas() {
        // Two bytes that claim to hold 2³²-1.
        #expect(throws: CodecError.corrupt) { try Self.unpack([0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0], .snappy) }
        let header = hex("82534e4150505900 00000001 00000001")
        for length in ["ffffffff", "80000000", "7fffffff", "00000005"] {
            #expect(throws: CodecError.corrupt) { try Self.unpack(header + hex(length) + [1, 0, 65], .snappy) }
        }
        let oldVersion = hex("82534e4150505900 00000000 00000001")
        #expect(throws: CodecError.corrupt) { try Self.unpack(oldVersion, .snappy) }
    }

    @Test func lz4FramesThatJavaCannotRead() throws {
        var generator = SeededGenerator(seed: 8)
        let good = Self.pack(generator.text(count: 1000), .lz4)
        // Linked blocks, a dictionary, another version, a reserved bit.
        for flags: UInt8 in [0x40, 0x61, 0x20, 0xA0, 0x62] {
            var bad = good
            bad[4] = flags
            #expect(throws: CodecError.corrupt) { try Self.unpack(bad, .lz4) }
        }
        var wrongChecksum = good
        wrongChecksum[6] ^= 1
        #expect(throws: CodecError.corrupt) { try Self.unpack(wrongChecksum, .lz4) }
        #expect(throws: CodecError.corrupt) { try Self.unpack(good + good, .lz4) }
        #expect(throws: CodecError.corrupt) { try Self.unpack(good.dropLast(4), .lz4) }
    }

    /// What a batch of one client announces must not be held against the next client's.
    @Test func lz4FrameThatEndsBeforeItsContentSize() throws {
        let scratch = CodecScratch()
        let good = Self.pack(Array("good".utf8), .lz4, scratch: scratch)
        let announcing = hex("04224d18 68 40 1403048504820b00 0c 40")
        #expect(throws: CodecError.corrupt) { try Self.unpack(announcing, .lz4, scratch: scratch) }
        #expect(try Self.unpack(good, .lz4, scratch: scratch) == Array("good".utf8))
    }

    /// A frame without a content size whose window is 128 MiB, as Java's producer writes it at levels above 19.
    @Test func zstdWithALargeWindow() throws {
        let frame = hex("28b52ffd 00 88") + hex("190000") + Array("abc".utf8)
        #expect(try Self.unpack(frame, .zstd) == Array("abc".utf8))
    }

    @Test func zstdDeclaresMoreThanTheLimit() {
        // A content size of 2⁶³: believed enough to refuse it, not to make room for it.
        let frame = hex("28b52ffd e0 0000000000000080 190000") + Array("abc".utf8)
        #expect(throws: CodecError.tooLarge) { try Self.unpack(frame, .zstd) }
        let lie = hex("28b52ffd a0 00000004 190000") + Array("abc".utf8)
        #expect(throws: CodecError.corrupt) { try Self.unpack(lie, .zstd) }
    }

    @Test(arguments: codecs)
    func refusedStreamsLeaveNothingBehind(_ compression: Compression) throws {
        let scratch = CodecScratch()
        var generator = SeededGenerator(seed: 10)
        let text = generator.text(count: 500)
        let packed = Self.pack(text, compression)
        for index in packed.indices {
            var flipped = packed
            flipped[index] ^= 1 << (generator.next() % 8)
            for limit in [64 << 20, 400] {
                for damaged in [flipped, Array(packed[..<index])] {
                    _ = try? Self.unpack(damaged, compression, limit: limit, scratch: scratch)
                    #expect(try Self.unpack(packed, compression, scratch: scratch) == text, "byte \(index)")
                }
            }
        }
    }

    @Test(arguments: codecs)
    func truncatedAnywhere(_ compression: Compression) {
        let scratch = CodecScratch()
        var generator = SeededGenerator(seed: 9)
        let packed = Self.pack(generator.text(count: 3000), compression)
        for end in packed.indices {
            // Kafka's snappy stream may end after any block, and an empty zstd stream has no frames.
            if compression == .snappy, end == 16 { continue }
            if compression == .zstd, end == 0 { continue }
            #expect(throws: CodecError.corrupt, "\(end) bytes") {
                try Self.unpack(Array(packed[..<end]), compression, scratch: scratch)
            }
        }
    }

    @Test(arguments: codecs)
    func scratchOutlivesBadStreams(_ compression: Compression) throws {
        let scratch = CodecScratch()
        var generator = SeededGenerator(seed: 10)
        let text = generator.text(count: 80_000)
        let good = Self.pack(text, compression)
        for _ in 0..<50 {
            var bad = good
            bad[generator.below(bad.count)] ^= UInt8(1 << generator.below(8))
            _ = try? Self.unpack(bad, compression, scratch: scratch)
            _ = try? Self.unpack(Array(good.prefix(generator.below(good.count))), compression, scratch: scratch)
            #expect(try Self.unpack(good, compression, scratch: scratch) == text)
        }
    }

    @Test func largeMemoryIsGivenBack() throws {
        let scratch = CodecScratch()
        _ = try Self.unpack(Self.pack([UInt8](repeating: 0, count: 20 << 20), .gzip), .gzip, scratch: scratch)
        #expect(scratch.output.capacity > CodecScratch.retainedCapacity)
        scratch.trim()
        #expect(scratch.output.capacity <= CodecScratch.retainedCapacity)
    }
}
