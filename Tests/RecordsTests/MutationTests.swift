import Bytes
import Testing

@testable import Records

/// Whatever the bytes are: an error or a value, never a trap, never more than the limit.
@Suite struct MutationTests {
    /// Changes some bytes, sets some to extremes, cuts or repeats a part.
    static func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...generator.below(4) {
            guard !bytes.isEmpty else { break }
            let position = generator.below(bytes.count)
            switch generator.below(6) {
            case 0: bytes[position] ^= UInt8(1 << generator.below(8))
            case 1: bytes[position] = [0, 0x7F, 0x80, 0xFF][generator.below(4)]
            case 2: bytes[position] = UInt8(generator.below(256))
            case 3: bytes.removeLast(generator.below(bytes.count))
            case 4: bytes.insert(contentsOf: bytes[position...].prefix(generator.below(20)), at: position)
            default:
                let width = min([2, 4, 8][generator.below(3)], bytes.count - position)
                let fill: UInt8 = generator.below(2) == 0 ? 0xFF : 0
                for at in 0..<width { bytes[position + at] = at == 0 ? 0x7F : fill }
            }
        }
        return bytes
    }

    /// Most mutations would only meet the checksum.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= RecordBatchHeader.size else { return bytes }
        var bytes = bytes
        bytes.withUnsafeMutableBytes { raw in
            raw[RecordBatchHeader.Position.magic] = 2
            raw.storeBigEndian(Int64(0), at: 0)
            raw.storeBigEndian(Int32(raw.count - 12), at: RecordBatchHeader.Position.batchLength)
            (try? MutableRecordBatchView(raw))?.updateChecksum()
        }
        return bytes
    }

    static func read(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw in
            var batches = RecordBatches(raw)
            while let batch = try? batches.next() {
                _ = batch.header.lastOffset
                _ = batch.header.lastSequence
                var records = RecordIterator(uncompressed: batch)
                while let record = try? records.next() {
                    _ = batch.header.offset(of: record)
                    _ = batch.header.timestamp(of: record)
                    for header in record.headers { _ = header.key.count }
                    _ = try? EndTransactionMarker(record)
                }
            }
        }
    }

    @Test(arguments: Compression.allCases)
    func batches(_ compression: Compression) {
        var generator = SeededGenerator(seed: 20 + UInt64(compression.rawValue))
        var rules = VerificationRules()
        rules.requiresKeys = true
        rules.maximumDecompressedSize = 100_000
        let scratch = CodecScratch()
        let originals = (0..<8).map { _ in
            BatchBuilderTests.build(PlainRecord.random(1 + generator.below(4), &generator)) {
                $0.compression = compression
            }.all.bytes
        }
        var accepted = 0
        for round in 0..<12_000 {
            var bytes = Self.mutated(originals[generator.below(originals.count)], &generator)
            if round % 8 != 0 { bytes = Self.repaired(bytes) }
            if compression == .none { Self.read(bytes) }
            bytes.withUnsafeBytes { raw in
                let verifier = BatchVerifier(
                    rules: rules, produceVersion: 9, now: BatchVerifierTests.now, scratch: scratch)
                guard let facts = try? verifier.verify(raw), let batch = try? RecordBatchView(raw) else { return }
                accepted += 1
                let rebuilder = BatchRebuilder(
                    compression: .lz4, maximumDecompressedSize: 100_000, scratch: scratch)
                _ = try? rebuilder.rebuild(batch, facts)
            }
        }
        #expect(accepted > 20)
    }

    @Test(arguments: CodecTests.codecs)
    func streams(_ compression: Compression) throws {
        var generator = SeededGenerator(seed: 30 + UInt64(compression.rawValue))
        let scratch = CodecScratch()
        let originals = (0..<8).map { _ in
            let size = 1 + generator.below(2000)
            let bytes = generator.below(2) == 0 ? generator.text(count: size) : generator.bytes(count: size)
            return CodecTests.pack(bytes, compression)
        }
        let limit = 20_000
        var outcomes = (good: 0, bad: 0)
        for _ in 0..<12_000 {
            let bytes = Self.mutated(originals[generator.below(originals.count)], &generator)
            let count = bytes.withUnsafeBytes { try? scratch.decompress($0, compression, limit: limit).count }
            if let count {
                outcomes.good += 1
                #expect(count <= limit)
            } else {
                outcomes.bad += 1
            }
            #expect(scratch.output.capacity == CodecScratch.retainedCapacity)
        }
        #expect(outcomes.bad > 1000)
    }

    @Test func noise() {
        var generator = SeededGenerator(seed: 40)
        let scratch = CodecScratch()
        for _ in 0..<5000 {
            let bytes = generator.bytes(count: generator.below(300))
            Self.read(Self.repaired(bytes))
            for compression in CodecTests.codecs {
                _ = bytes.withUnsafeBytes { try? scratch.decompress($0, compression, limit: 1000).count }
            }
        }
    }

    @Test(arguments: Compression.allCases)
    func batchesTruncatedAnywhere(_ compression: Compression) {
        var generator = SeededGenerator(seed: 50)
        let whole = BatchBuilderTests.build(PlainRecord.random(3, &generator)) { $0.compression = compression }.all
            .bytes
        for end in whole.indices {
            let cut = Array(whole[..<end])
            for bytes in [cut, Self.repaired(cut)] {
                guard case .failure = BatchVerifierTests.verify(bytes) else {
                    // A zstd stream may end after its last block without anything missing.
                    Issue.record("accepted \(end) of \(whole.count) bytes")
                    continue
                }
            }
        }
    }
}
