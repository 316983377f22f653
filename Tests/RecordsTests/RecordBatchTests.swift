import Bytes
import Testing

@testable import Records

@Suite struct RecordBatchTests {
    /// Three records with headers, nulls and an older timestamp, by an idempotent producer.
    static let three = hex(
        """
        0000000000000000 00000054 ffffffff 02 dfc64214 0000 00000002 0000018bcfe56800 0000018bcfe56805
        0000000000000007 0002 00000009 00000003
        10 00 00 00 02 6b 02 76 00
        24 00 0a 02 01 02 77 06 02 68 02 31 02 68 01 04 c3a9 00
        0c 00 05 04 00 01 00
        """)

    @Test func headerFields() throws {
        try Self.three.withBatch { batch in
            let header = batch.header
            #expect(header.baseOffset == 0)
            #expect(header.batchLength == 84)
            #expect(header.totalSize == 96)
            #expect(header.partitionLeaderEpoch == -1)
            #expect(header.checksum == 0xDFC6_4214)
            #expect(header.attributes.rawValue == 0)
            #expect(header.lastOffsetDelta == 2)
            #expect(header.baseTimestamp == 1_700_000_000_000)
            #expect(header.maxTimestamp == 1_700_000_000_005)
            #expect(header.producerId == 7)
            #expect(header.producerEpoch == 2)
            #expect(header.baseSequence == 9)
            #expect(header.recordCount == 3)
            #expect(header.lastOffset == 2)
            #expect(header.nextOffset == 3)
            #expect(header.lastSequence == 11)
            #expect(header.hasProducerId)
            #expect(batch.isChecksumValid)
        }
    }

    @Test func sequencesWrap() {
        #expect(RecordBatchHeader.sequence(.max, after: 0) == .max)
        #expect(RecordBatchHeader.sequence(.max, after: 1) == 0)
        #expect(RecordBatchHeader.sequence(.max - 1, after: 3) == 1)
        #expect(RecordBatchHeader.sequence(5, after: 3) == 8)
    }

    @Test func attributeBits() {
        var attributes = BatchAttributes(compression: .zstd, isTransactional: true)
        #expect(attributes.rawValue == 0x14)
        attributes.timestampType = .logAppendTime
        attributes.isControl = true
        #expect(attributes.rawValue == 0x3C)
        attributes.hasDeleteHorizon = true
        attributes.isTransactional = false
        #expect(attributes.rawValue == 0x6C)
        #expect(attributes.with(.gzip).rawValue == 0x69)
        #expect(BatchAttributes(rawValue: 0x4005).compression == nil)
        #expect(BatchAttributes(rawValue: 0x4005).isCompressed)
        #expect(BatchAttributes(rawValue: -32768).compression == Compression.none)
        #expect(BatchAttributes(rawValue: 0x4000).with(.lz4).rawValue == 0x4003)
    }

    @Test func deleteHorizon() throws {
        let plain = HandmadeBatch.plain()
        try plain.bytes.withBatch { #expect($0.header.deleteHorizon == nil) }
        try plain.with { $0.attributes = 0x40 }.bytes.withBatch {
            #expect($0.header.deleteHorizon == HandmadeBatch.time)
        }
    }

    @Test func recordFields() throws {
        try Self.three.withBatch { batch in
            var records = RecordIterator(uncompressed: batch)
            let first = try #require(try records.next())
            #expect(first.key?.array == Array("k".utf8))
            #expect(first.value?.array == Array("v".utf8))
            #expect(first.headers.isEmpty)
            let second = try #require(try records.next())
            #expect(second.key == nil)
            #expect(second.timestampDelta == 5)
            #expect(batch.header.timestamp(of: second) == 1_700_000_000_005)
            #expect(batch.header.offset(of: second) == 1)
            let headers = second.headers.map { ($0.key.array, $0.value?.array) }
            #expect(headers.map { $0.0 } == [Array("h".utf8), Array("h".utf8), Array("é".utf8)])
            #expect(headers.map { $0.1 } == [Array("1".utf8), nil, []])
            let third = try #require(try records.next())
            #expect(third.key?.array == [])
            #expect(third.value == nil)
            #expect(third.timestampDelta == -3)
            let end = try records.next()
            #expect(end == nil)
        }
    }

    @Test func logAppendTimeHoldsForAllRecords() throws {
        let batch = HandmadeBatch.plain(2).with {
            $0.attributes = 8
            $0.maxTimestamp = 42
        }
        try batch.bytes.withBatch { batch in
            var records = RecordIterator(uncompressed: batch)
            while let record = try records.next() { #expect(batch.header.timestamp(of: record) == 42) }
        }
    }

    @Test func summary() throws {
        let batch = HandmadeBatch([
            .init(key: nil, value: [], timestampDelta: 3),
            .init(key: [1], value: nil, timestampDelta: 9, headers: [(key: [2], value: nil)]),
            .init(key: [], value: [UInt8](repeating: 7, count: 300), timestampDelta: -4),
            .init(key: nil, value: nil, timestampDelta: 9),
        ])
        try batch.bytes.withBatch { view in
            let found = try RecordSummary(of: view.storedRecords, count: 4, baseTimestamp: 1000)
            #expect(found.maxTimestamp == 1009)
            #expect(found.indexOfMaxTimestamp == 1)
            #expect(found.minTimestamp == 996)
            #expect(found.recordsWithoutKey == 2)
            #expect(found.hasConsecutiveOffsets)
            // A base timestamp that makes one record's -1: it counts as having none.
            let timeless = try RecordSummary(of: view.storedRecords, count: 4, baseTimestamp: 3)
            #expect(timeless.minTimestamp == 6)
        }
        let gaps = batch.with { $0.records[2].offsetDelta = 3 }
        try gaps.bytes.withBatch { view in
            let found = try RecordSummary(of: view.storedRecords, count: 4, baseTimestamp: 0)
            #expect(!found.hasConsecutiveOffsets)
        }
    }

    @Test func summaryAndIteratorRefuseTheSame() {
        let good = HandmadeBatch([
            .init(key: [1, 2], value: [3], timestampDelta: 1, headers: [(key: [4], value: [5, 6])]),
            .init(key: nil, value: [7]),
        ]).recordBytes
        func outcome(_ bytes: [UInt8], count: Int32) -> (iterated: Bool, walked: Bool) {
            bytes.withUnsafeBytes { raw in
                var iterator = RecordIterator(raw, count: count)
                var iterated = true
                do { while try iterator.next() != nil {} } catch { iterated = false }
                let walked = (try? RecordSummary(of: raw, count: count, baseTimestamp: 0)) != nil
                return (iterated, walked)
            }
        }
        #expect(outcome(good, count: 2) == (true, true))
        for count: Int32 in [.min, -1, 0, 1, 3, .max] { #expect(outcome(good, count: count) == (false, false)) }
        for end in 0..<good.count { #expect(outcome(Array(good[..<end]), count: 2) == (false, false)) }
        #expect(outcome(good + [0], count: 2) == (false, false))
        var refused = 0
        for position in good.indices {
            for value in 0...255 {
                var changed = good
                changed[position] = UInt8(value)
                let (iterated, walked) = outcome(changed, count: 2)
                #expect(iterated == walked, "byte \(position) = \(value)")
                if !walked { refused += 1 }
            }
        }
        #expect(refused > 1000)
    }

    @Test func truncatedBatchIsNoBatch() {
        let bytes = Self.three
        for end in bytes.indices {
            Array(bytes[..<end]).withUnsafeBytes { raw in
                _ = #expect(throws: RecordBatchError.truncated) { try RecordBatchView(raw) }
            }
        }
        bytes[..<61].withUnsafeBytes { raw in
            let header = try? RecordBatchHeader(raw)
            #expect(header?.totalSize == bytes.count)
        }
    }

    @Test func headersThatAreNone() {
        func error(_ batch: HandmadeBatch) -> RecordBatchError? {
            batch.bytes.withUnsafeBytes { raw in
                do throws(RecordBatchError) {
                    _ = try RecordBatchView(raw)
                    return nil
                } catch { return error }
            }
        }
        for magic: Int8 in [.min, -1, 0, 1, 3, .max] {
            #expect(error(.plain().with { $0.magic = magic }) == .unsupportedMagic(magic))
        }
        for length: Int32 in [.min, -1, 0, 48] {
            #expect(error(.plain().with { $0.length = length }) == .invalidLength(length))
        }
        #expect(error(.plain().with { $0.length = .max }) == .truncated)
        #expect(error(.plain().with { $0.length = 49 }) == nil)
    }

    @Test func batchesOneAfterAnother() throws {
        let stored = HandmadeBatch.plain(2).bytes + HandmadeBatch.plain().bytes + HandmadeBatch.plain().bytes.dropLast()
        try stored.withUnsafeBytes { raw in
            var batches = RecordBatches(raw)
            let counts = [try batches.next(), try batches.next(), try batches.next()].map { $0?.header.recordCount }
            #expect(counts == [2, 1, nil])
            #expect(batches.remaining == HandmadeBatch.plain().bytes.count - 1)
        }
        let broken = HandmadeBatch.plain().bytes + HandmadeBatch.plain().with { $0.magic = 1 }.bytes
        try broken.withUnsafeBytes { raw in
            var batches = RecordBatches(raw)
            let first = try batches.next()
            #expect(first != nil)
            #expect(throws: RecordBatchError.unsupportedMagic(1)) { try batches.next() }
        }
    }
}

@Suite struct StampTests {
    func stamped(_ batch: HandmadeBatch, _ change: (MutableRecordBatchView) -> Void) throws -> [UInt8] {
        var bytes = batch.bytes + [0xEE]
        try bytes.withUnsafeMutableBytes { change(try MutableRecordBatchView($0)) }
        #expect(bytes.last == 0xEE)
        return bytes.dropLast()
    }

    @Test func offsetAndEpochLieOutsideTheChecksum() throws {
        let batch = HandmadeBatch.plain(3)
        let bytes = try stamped(batch) { $0.assign(baseOffset: 1 << 40, partitionLeaderEpoch: 12) }
        let expected = batch.with {
            $0.baseOffset = 1 << 40
            $0.leaderEpoch = 12
        }
        #expect(bytes == expected.bytes)
        try bytes.withBatch { #expect($0.isChecksumValid) }
    }

    @Test func logAppendTime() throws {
        let batch = HandmadeBatch.plain(3).with { $0.attributes = 0x4014 }
        let bytes = try stamped(batch) { $0.apply(TimestampStamp(type: .logAppendTime, maxTimestamp: 99)) }
        let expected = batch.with {
            $0.attributes = 0x401C
            $0.maxTimestamp = 99
        }
        #expect(bytes == expected.bytes)
    }

    @Test func correctedMaximum() throws {
        let batch = HandmadeBatch.plain(3).with {
            $0.maxTimestamp = 5
            $0.attributes = 8
        }
        let bytes = try stamped(batch) {
            $0.apply(TimestampStamp(type: .createTime, maxTimestamp: HandmadeBatch.time))
        }
        let expected = batch.with {
            $0.maxTimestamp = HandmadeBatch.time
            $0.attributes = 0
        }
        #expect(bytes == expected.bytes)
    }
}
