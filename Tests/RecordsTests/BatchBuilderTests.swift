import Bytes
import Testing

@testable import Records

/// A record with its bytes, to compare with.
struct PlainRecord: Equatable {
    var offset: Int64
    var timestamp: Int64
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [RecordHeader] = []

    static func all(in batch: RecordBatchView, scratch: CodecScratch = CodecScratch()) throws -> [PlainRecord] {
        let compression = try #require(batch.header.attributes.compression)
        let records = try scratch.decompress(batch.storedRecords, compression, limit: 64 << 20)
        var iterator = RecordIterator(records, count: batch.header.recordCount)
        var found: [PlainRecord] = []
        while let record = try iterator.next() {
            found.append(
                PlainRecord(
                    offset: batch.header.offset(of: record), timestamp: batch.header.timestamp(of: record),
                    key: record.key?.array, value: record.value?.array,
                    headers: record.headers.map { RecordHeader(key: $0.key.array, value: $0.value?.array) }))
        }
        return found
    }

    static func random(_ count: Int, _ generator: inout SeededGenerator) -> [PlainRecord] {
        (0..<count).map { index in
            let headers = (0..<generator.below(3)).map { _ in
                RecordHeader(
                    key: generator.bytes(count: generator.below(5)),
                    value: generator.below(3) == 0 ? nil : generator.bytes(count: generator.below(100)))
            }
            return PlainRecord(
                offset: Int64(index), timestamp: HandmadeBatch.time + Int64(generator.below(100_000)) - 50_000,
                key: generator.below(3) == 0 ? nil : generator.text(count: generator.below(40)),
                value: generator.below(5) == 0 ? nil : generator.text(count: generator.below(3000)), headers: headers)
        }
    }
}

extension BatchBuilder {
    mutating func append(_ record: PlainRecord) -> Bool {
        append(timestamp: record.timestamp, key: record.key, value: record.value, headers: record.headers)
    }
}

@Suite struct BatchBuilderTests {
    static func build(
        _ records: [PlainRecord], _ change: (inout BatchBuilder.Options) -> Void = { _ in }
    ) -> Buffer {
        var options = BatchBuilder.Options()
        options.sizeLimit = .max
        change(&options)
        var builder = BatchBuilder(options)
        for record in records {
            let isTaken = builder.append(record)
            #expect(isTaken)
        }
        return builder.finish()
    }

    @Test func byteForByte() {
        let time = HandmadeBatch.time
        let records = [
            PlainRecord(offset: 0, timestamp: time, key: Array("k".utf8), value: Array("v".utf8)),
            PlainRecord(
                offset: 1, timestamp: time + 5, key: nil, value: Array("w".utf8),
                headers: [
                    RecordHeader(key: "h", value: Array("1".utf8)), RecordHeader(key: "h", value: nil),
                    RecordHeader(key: "é", value: []),
                ]),
            PlainRecord(offset: 2, timestamp: time - 3, key: [], value: nil),
        ]
        let batch = Self.build(records) {
            $0.producerId = 7
            $0.producerEpoch = 2
            $0.baseSequence = 9
        }
        #expect(batch.all.bytes == RecordBatchTests.three)
    }

    @Test(arguments: Compression.allCases)
    func roundTrip(_ compression: Compression) throws {
        var generator = SeededGenerator(seed: 12)
        for count in [1, 2, 63, 64, 65, 500] {
            let records = PlainRecord.random(count, &generator)
            let batch = Self.build(records) {
                $0.compression = compression
                $0.producerId = 5
                $0.producerEpoch = 1
                $0.baseSequence = 3
                $0.isTransactional = true
            }
            try batch.all.bytes.withBatch { view in
                #expect(view.isChecksumValid)
                #expect(view.bytes.count == batch.count)
                #expect(view.header.attributes.rawValue == Int16(compression.rawValue) | 0x10)
                #expect(view.header.lastOffsetDelta == Int32(count - 1))
                #expect(view.header.maxTimestamp == records.map(\.timestamp).max())
                #expect(view.header.baseTimestamp == records[0].timestamp)
                #expect(view.header.partitionLeaderEpoch == -1)
                let found = try PlainRecord.all(in: view)
                #expect(found == records)
            }
            let facts = try BatchVerifierTests.verify(batch.all.bytes).get()
            #expect(facts.stamp == nil)
            #expect(!facts.needsRebuild(for: nil))
        }
    }

    @Test func sizeAndLimit() {
        var options = BatchBuilder.Options()
        options.sizeLimit = 200
        var builder = BatchBuilder(options)
        #expect(builder.size == 61)
        var taken = 0
        while true {
            let before = builder.size
            let isTaken = builder.append(timestamp: 0, key: nil, value: [UInt8](repeating: 1, count: 20))
            if !isTaken {
                #expect(builder.size == before)
                break
            }
            taken += 1
        }
        #expect(taken == 5)
        #expect(builder.recordCount == 5)
        let size = builder.size
        #expect(size == 61 + 5 * 27)
        let batch = builder.finish()
        #expect(batch.count == size)
    }

    @Test func firstRecordMayExceedTheLimit() {
        var options = BatchBuilder.Options()
        options.sizeLimit = 100
        var builder = BatchBuilder(options)
        let first = builder.append(timestamp: 0, key: nil, value: [UInt8](repeating: 1, count: 5000))
        let second = builder.append(timestamp: 0, key: nil, value: [])
        #expect(first && !second)
    }

    @Test func extremeTimestamps() throws {
        let times: [Int64] = [.max, .min, -1, 0]
        let records = times.enumerated().map {
            PlainRecord(offset: Int64($0.offset), timestamp: $0.element, key: nil, value: nil)
        }
        try Self.build(records).all.bytes.withBatch { view in
            let found = try PlainRecord.all(in: view)
            #expect(found == records)
            #expect(view.header.maxTimestamp == .max)
        }
    }

    @Test func varintSizes() {
        for shift in 0..<64 {
            for value: Int64 in [1 << Int64(shift), (1 << Int64(shift)) &- 1, 0 &- (1 << Int64(shift))] {
                #expect(Varint.size(value) == HandmadeBatch.varint(value).count, "\(value)")
            }
        }
    }
}

@Suite struct ControlRecordTests {
    @Test func commitMarkerByteForByte() {
        let batch = EndTransactionMarker(.commit, coordinatorEpoch: 5).batch(
            producerId: 1000, producerEpoch: 3, timestamp: HandmadeBatch.time)
        let expected = hex(
            """
            0000000000000000 00000042 ffffffff 02 8a773c25 0030 00000000 0000018bcfe56800 0000018bcfe56800
            00000000000003e8 0003 ffffffff 00000001 20 00 00 00 08 00000001 0c 0000 00000005 00
            """)
        #expect(batch.all.bytes == expected)
    }

    func marker(key: [UInt8]?, value: [UInt8]?) throws -> EndTransactionMarker? {
        try HandmadeBatch([.init(key: key, value: value)]).bytes.withBatch { batch in
            var records = RecordIterator(uncompressed: batch)
            let record = try #require(try records.next())
            return try EndTransactionMarker(record)
        }
    }

    @Test func readMarkers() throws {
        let abort = try marker(key: [0, 0, 0, 0], value: [0, 0, 0, 0, 0, 9])
        #expect(abort == EndTransactionMarker(.abort, coordinatorEpoch: 9))
        let later = try marker(key: [0, 3, 0, 1, 7], value: [0, 2, 0, 0, 0, 1, 7, 7])
        #expect(later == EndTransactionMarker(.commit, coordinatorEpoch: 1))
        #expect(try marker(key: [0, 0, 0, 2], value: []) == nil)
        #expect(try marker(key: [0, 0, 0, 99], value: nil) == nil)
    }

    @Test func wrongMarkers() {
        #expect(throws: DecodeError.unexpectedNull) { try marker(key: nil, value: nil) }
        #expect(throws: DecodeError.truncated) { try marker(key: [0, 0, 0], value: []) }
        #expect(throws: DecodeError.unsupportedVersion) { try marker(key: [0xFF, 0, 0, 0], value: []) }
        #expect(throws: DecodeError.unexpectedNull) { try marker(key: [0, 0, 0, 1], value: nil) }
        #expect(throws: DecodeError.truncated) { try marker(key: [0, 0, 0, 1], value: [0, 0, 0, 0, 0]) }
        #expect(throws: DecodeError.unsupportedVersion) {
            try marker(key: [0, 0, 0, 1], value: [0xFF, 0, 0, 0, 0, 0])
        }
    }
}

@Suite struct BatchRebuilderTests {
    static func rebuild(
        _ bytes: [UInt8], to compression: Compression, rules: VerificationRules = VerificationRules()
    ) throws -> [UInt8] {
        let facts = try BatchVerifierTests.verify(bytes, rules: rules).get()
        let rebuilder = BatchRebuilder(
            compression: compression, maximumDecompressedSize: 64 << 20, scratch: CodecScratch())
        return try bytes.withBatch { try rebuilder.rebuild($0, facts).all.bytes }
    }

    @Test(arguments: Compression.allCases, Compression.allCases)
    func betweenCodecs(_ source: Compression, _ target: Compression) throws {
        var generator = SeededGenerator(seed: 13)
        let records = PlainRecord.random(100, &generator)
        let sent = BatchBuilderTests.build(records) {
            $0.compression = source
            $0.producerId = 5
            $0.producerEpoch = 1
            $0.baseSequence = .max
            $0.isTransactional = true
        }.all.bytes
        let rebuilt = try Self.rebuild(sent, to: target)
        try rebuilt.withBatch { view in
            #expect(view.isChecksumValid)
            let found = try PlainRecord.all(in: view)
            #expect(found == records)
            var expected = try sent.withBatch { $0.header }
            expected.attributes = expected.attributes.with(target)
            expected.checksum = view.header.checksum
            expected.batchLength = view.header.batchLength
            #expect(view.header == expected)
        }
        if target == .none { #expect(try rebuilt.withBatch { $0.storedRecords.array }.count > 1000) }
        if source == target { #expect(rebuilt == sent) }
    }

    @Test func withLogAppendTime() throws {
        var generator = SeededGenerator(seed: 14)
        let sent = BatchBuilderTests.build(PlainRecord.random(10, &generator)).all.bytes
        let rules = BatchVerifierTests.rules { $0.timestampType = .logAppendTime }
        try Self.rebuild(sent, to: .gzip, rules: rules).withBatch { view in
            #expect(view.isChecksumValid)
            #expect(view.header.attributes.rawValue == 9)
            #expect(view.header.maxTimestamp == BatchVerifierTests.now)
            let times = try PlainRecord.all(in: view).map(\.timestamp)
            #expect(times == [Int64](repeating: BatchVerifierTests.now, count: 10))
            let base = try sent.withBatch { $0.header.baseTimestamp }
            #expect(view.header.baseTimestamp == base)
        }
    }

    @Test(arguments: CompressedBatchVerifierTests.codecs)
    func offsetsBecomeConsecutive(_ compression: Compression) throws {
        let odd = HandmadeBatch([
            .init(key: [1], value: [2], timestampDelta: 4, offsetDelta: 5, headers: [(key: [3], value: nil)]),
            .init(key: nil, value: nil, offsetDelta: 5),
        ])
        let sent = CompressedBatchVerifierTests.packed(odd, compression).bytes
        try Self.rebuild(sent, to: compression).withBatch { view in
            let found = try PlainRecord.all(in: view)
            let expected = [
                PlainRecord(
                    offset: 0, timestamp: HandmadeBatch.time + 4, key: [1], value: [2],
                    headers: [RecordHeader(key: [3], value: nil)]),
                PlainRecord(offset: 1, timestamp: HandmadeBatch.time, key: nil, value: nil),
            ]
            #expect(found == expected)
            #expect(view.isChecksumValid)
        }
    }

    @Test func unopenedNonsenseThrows() throws {
        let rules = BatchVerifierTests.rules { $0.verifiesCompressed = false }
        let nonsense = HandmadeBatch.plain().with {
            $0.payload = [1, 2, 3]
            $0.attributes = 4
        }
        #expect(throws: CodecError.corrupt) { try Self.rebuild(nonsense.bytes, to: .gzip, rules: rules) }
    }
}
