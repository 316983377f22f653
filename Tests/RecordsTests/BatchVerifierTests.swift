import Bytes
import Testing

@testable import Records

/// The answers are those that Apache Kafka 4.3.1 gives to the same bytes.
@Suite struct BatchVerifierTests {
    static let now = HandmadeBatch.time + 1000

    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: [UInt8]
        var version: Int16 = 9
        var rules = VerificationRules()
        /// nil: accepted.
        var expected: BatchRejection.Reason?
        var testDescription: String { name }
    }

    static func verify(
        _ bytes: [UInt8], version: Int16 = 9, rules: VerificationRules = VerificationRules(), now: Int64 = now
    ) -> Result<BatchFacts, BatchRejection> {
        bytes.withUnsafeBytes { raw in
            Result { () throws(BatchRejection) in
                try BatchVerifier(rules: rules, produceVersion: version, now: now, scratch: CodecScratch()).verify(raw)
            }
        }
    }

    static let good = HandmadeBatch.plain(2)

    static func rules(_ change: (inout VerificationRules) -> Void) -> VerificationRules {
        var rules = VerificationRules()
        change(&rules)
        return rules
    }

    static func record(_ payload: [UInt8]) -> [UInt8] { good.with { $0.payload = payload }.bytes }

    static let fields: [Case] = [
        Case(name: "good", bytes: good.bytes, expected: nil),
        Case(name: "no records", bytes: [], expected: .invalidRecord),
        Case(name: "ten bytes", bytes: Array(good.bytes[..<10]), expected: .invalidRecord),
        Case(name: "seventeen bytes", bytes: Array(good.bytes[..<17]), expected: .invalidRecord),
        Case(name: "header only", bytes: Array(good.bytes[..<61]), expected: .invalidRecord),
        Case(name: "truncated", bytes: good.bytes.dropLast(), expected: .invalidRecord),
        Case(name: "trailing byte", bytes: good.bytes + [0], expected: nil),
        Case(name: "another batch, truncated", bytes: good.bytes + good.bytes.dropLast(), expected: nil),
        Case(name: "two batches", bytes: good.bytes + good.bytes, expected: .invalidRecord),
        Case(
            name: "garbage that could be a batch follows", bytes: good.bytes + [UInt8](repeating: 0xFF, count: 12),
            expected: .corruptMessage),
        Case(name: "magic 0", bytes: good.with { $0.magic = 0 }.bytes, expected: .invalidRecord),
        Case(name: "magic 1", bytes: good.with { $0.magic = 1 }.bytes, expected: .invalidRecord),
        Case(name: "magic 3", bytes: good.with { $0.magic = 3 }.bytes, expected: .corruptMessage),
        Case(name: "magic -1", bytes: good.with { $0.magic = -1 }.bytes, expected: .corruptMessage),
        Case(name: "length -3", bytes: good.with { $0.length = -3 }.bytes, expected: .corruptMessage),
        Case(name: "length 13", bytes: good.with { $0.length = 13 }.bytes, expected: .corruptMessage),
        Case(name: "length 20", bytes: good.with { $0.length = 20 }.bytes, expected: .corruptMessage),
        Case(
            name: "length 20, all there", bytes: Array(good.with { $0.length = 20 }.bytes[..<32]),
            expected: .corruptMessage),
        Case(name: "length too large", bytes: good.with { $0.length = .max }.bytes, expected: .invalidRecord),
        Case(name: "wrong checksum", bytes: good.with { $0.checksum = 5 }.bytes, expected: .corruptMessage),
        Case(name: "base offset 100", bytes: good.with { $0.baseOffset = 100 }.bytes, expected: .invalidRecord),
        Case(name: "leader epoch 77", bytes: good.with { $0.leaderEpoch = 77 }.bytes, expected: nil),
    ]

    static let headers: [Case] = [
        Case(name: "count too large", bytes: good.with { $0.count = 3 }.bytes, expected: .invalidRecord),
        Case(name: "count too small", bytes: good.with { $0.count = 1 }.bytes, expected: .invalidRecord),
        Case(name: "count zero", bytes: good.with { $0.count = 0 }.bytes, expected: .invalidRecord),
        Case(name: "count negative", bytes: good.with { $0.count = -1 }.bytes, expected: .invalidRecord),
        Case(name: "empty", bytes: HandmadeBatch([]).bytes, expected: .invalidRecord),
        Case(
            name: "count and delta agree, records are missing",
            bytes: good.with {
                $0.count = 5
                $0.lastOffsetDelta = 4
            }.bytes, expected: .invalidRecord),
        Case(name: "last delta too large", bytes: good.with { $0.lastOffsetDelta = 5 }.bytes, expected: .invalidRecord),
        Case(name: "last delta too small", bytes: good.with { $0.lastOffsetDelta = 0 }.bytes, expected: .invalidRecord),
        Case(
            name: "last delta negative", bytes: good.with { $0.lastOffsetDelta = .min }.bytes, expected: .invalidRecord),
        Case(name: "control", bytes: good.with { $0.attributes = 0x20 }.bytes, expected: .invalidRecord),
        Case(
            name: "control and transactional", bytes: good.with { $0.attributes = 0x30 }.bytes, expected: .invalidRecord
        ),
        Case(name: "transactional", bytes: good.with { $0.attributes = 0x10 }.bytes, expected: nil),
        Case(name: "log append time", bytes: good.with { $0.attributes = 0x08 }.bytes, expected: nil),
        Case(name: "unused bit", bytes: good.with { $0.attributes = 0x4000 }.bytes, expected: nil),
        Case(name: "delete horizon", bytes: good.with { $0.attributes = 0x40 }.bytes, expected: nil),
        Case(name: "codec 5", bytes: good.with { $0.attributes = 5 }.bytes, expected: .unsupportedCompressionType),
        Case(name: "codec 7", bytes: good.with { $0.attributes = 7 }.bytes, expected: .unsupportedCompressionType),
        Case(
            name: "producer without sequence", bytes: good.with { $0.producerId = 9 }.bytes, expected: .invalidRecord),
        Case(
            name: "producer with sequence",
            bytes: good.with {
                $0.producerId = 9
                $0.baseSequence = 0
            }.bytes, expected: nil),
        Case(name: "sequence without producer", bytes: good.with { $0.baseSequence = 0 }.bytes, expected: nil),
        Case(name: "epoch without producer", bytes: good.with { $0.producerEpoch = 5 }.bytes, expected: nil),
        Case(name: "producer -2", bytes: good.with { $0.producerId = -2 }.bytes, expected: nil),
    ]

    static let contents: [Case] = [
        Case(
            name: "deltas not rising", bytes: good.with { $0.records[1].offsetDelta = 0 }.bytes, expected: nil),
        Case(
            name: "bytes after the last record", bytes: good.with { $0.suffix = [0, 0] }.bytes, expected: .invalidRecord
        ),
        Case(name: "garbage", bytes: record([UInt8](repeating: 0xFF, count: 20)), expected: .invalidRecord),
        Case(name: "longer than the batch", bytes: record([0x7E, 0, 0, 0, 1, 1, 0]), expected: .invalidRecord),
        Case(name: "negative length", bytes: record([0x01]), expected: .invalidRecord),
        Case(
            name: "header with null key",
            bytes: HandmadeBatch([.init(value: [1], headers: [(key: nil, value: [2])])]).bytes,
            expected: .invalidRecord),
        Case(
            name: "more headers than bytes",
            bytes: HandmadeBatch.plain().with { $0.payload = [0x0E, 0, 0, 0, 1, 1, 0xFE, 0x0F] }.bytes,
            expected: .invalidRecord),
    ]

    @Test(arguments: fields + headers + contents)
    func outcome(_ test: Case) {
        switch Self.verify(test.bytes, version: test.version, rules: test.rules) {
        case .success: #expect(test.expected == nil)
        case .failure(let rejection):
            #expect(rejection.reason == test.expected)
            #expect(rejection.recordErrors.isEmpty)
        }
    }

    @Test func messagesForTheClient() {
        func message(_ bytes: [UInt8]) -> String? {
            guard case .failure(let rejection) = Self.verify(bytes) else { return nil }
            return rejection.clientMessage
        }
        #expect(message(Self.good.with { $0.magic = 3 }.bytes) != nil)
        #expect(message(Self.good.with { $0.length = -3 }.bytes) != nil)
        #expect(message(Self.good.with { $0.length = 20 }.bytes) == nil)
        #expect(message(Self.good.with { $0.checksum = 1 }.bytes) == nil)
        #expect(message(Self.good.with { $0.magic = 1 }.bytes) == nil)
    }

    @Test func sizeIsLookedAtBeforeTheChecksum() {
        let bad = Self.good.with { $0.checksum = 1 }.bytes
        for (limit, expected) in [(bad.count, BatchRejection.Reason.corruptMessage), (bad.count - 1, .messageTooLarge)]
        {
            let result = Self.verify(bad, rules: Self.rules { $0.maximumBatchSize = limit })
            guard case .failure(let rejection) = result else {
                Issue.record("accepted")
                return
            }
            #expect(rejection.reason == expected)
        }
    }

    @Test func factsOfAGoodBatch() throws {
        var batch = Self.good
        batch.records[0].timestampDelta = 7
        batch.records[1].timestampDelta = 7
        let facts = try Self.verify(batch.bytes).get()
        #expect(facts.header.recordCount == 2)
        #expect(facts.maxTimestamp == HandmadeBatch.time + 7)
        #expect(facts.indexOfMaxTimestamp == 0)
        #expect(facts.stamp == nil)
        #expect(facts.hasConsecutiveOffsets)
    }

    @Test func lyingMaximumIsCorrected() throws {
        for lie: Int64 in [0, -1, HandmadeBatch.time - 1, .max] {
            var bytes = Self.good.with { $0.maxTimestamp = lie }.bytes
            let facts = try Self.verify(bytes).get()
            let stamp = try #require(facts.stamp)
            #expect(facts.maxTimestamp == HandmadeBatch.time)
            try bytes.withUnsafeMutableBytes { try MutableRecordBatchView($0).apply(stamp) }
            #expect(bytes == Self.good.bytes)
        }
    }

    @Test func timestampsBelowMinusOneCountAsNone() throws {
        let facts = try Self.verify(HandmadeBatch.plain().with { $0.baseTimestamp = -5 }.bytes).get()
        #expect(facts.maxTimestamp == -1)
        #expect(facts.stamp == TimestampStamp(type: .createTime, maxTimestamp: -1))
    }

    @Test func appendTimeOfAProducerIsTakenAsCreateTime() throws {
        var bytes = Self.good.with { $0.attributes = 8 }.bytes
        let facts = try Self.verify(bytes).get()
        #expect(facts.maxTimestamp == HandmadeBatch.time)
        let stamp = try #require(facts.stamp)
        try bytes.withUnsafeMutableBytes { try MutableRecordBatchView($0).apply(stamp) }
        #expect(bytes == Self.good.bytes)
        let timeless = Self.good.with {
            $0.attributes = 8
            $0.maxTimestamp = -1
        }
        guard case .failure(let rejection) = Self.verify(timeless.bytes) else {
            Issue.record("accepted")
            return
        }
        #expect(rejection.reason == .invalidTimestamp)
        #expect(rejection.recordErrors.map(\.batchIndex) == [0, 1])
    }

    @Test func logAppendTimeTopic() throws {
        let rules = Self.rules {
            $0.timestampType = .logAppendTime
            $0.timestampAfterMaxMs = 0
        }
        let future = Self.good.with { $0.baseTimestamp = Self.now + 1_000_000 }
        let facts = try Self.verify(future.bytes, rules: rules).get()
        #expect(facts.maxTimestamp == Self.now)
        #expect(facts.indexOfMaxTimestamp == 1)
        #expect(facts.stamp == TimestampStamp(type: .logAppendTime, maxTimestamp: Self.now))
        guard case .failure(let rejection) = Self.verify(future.with { $0.attributes = 8 }.bytes, rules: rules) else {
            Issue.record("accepted")
            return
        }
        #expect(rejection.reason == .invalidTimestamp)
    }

    @Test func timestampsOutOfRange() {
        let rules = Self.rules {
            $0.timestampBeforeMaxMs = 10_000
            $0.timestampAfterMaxMs = 10_000
        }
        func indexes(_ deltas: [Int64]) -> [Int32] {
            let batch = HandmadeBatch(deltas.map { HandmadeBatch.Record(key: [1], value: nil, timestampDelta: $0) })
            let sent = batch.with { $0.baseTimestamp = Self.now }
            guard case .failure(let rejection) = Self.verify(sent.bytes, rules: rules) else { return [] }
            #expect(rejection.reason == .invalidTimestamp)
            #expect(rejection.clientMessage != nil)
            return rejection.recordErrors.map(\.batchIndex)
        }
        #expect(indexes([0, 10_000, -10_000]) == [])
        #expect(indexes([-10_001]) == [0])
        #expect(indexes([10_001]) == [0])
        #expect(indexes([0, -100_000, 100_000]) == [1, 2])
        #expect(indexes([-1 - Self.now]) == [])
        #expect(indexes([-5 - Self.now, 0]) == [0])
        #expect(indexes([.max - Self.now]) == [0])
        #expect(indexes([.min]) == [0])
    }

    @Test func defaultTimestampRules() {
        let rules = VerificationRules()
        #expect(rules.allows(timestamp: 0, now: Self.now))
        #expect(rules.allows(timestamp: -5, now: Self.now))
        #expect(rules.allows(timestamp: Self.now + 3_600_000, now: Self.now))
        #expect(!rules.allows(timestamp: Self.now + 3_600_001, now: Self.now))
    }

    @Test func compactedTopicWantsKeys() {
        let rules = Self.rules { $0.requiresKeys = true }
        func rejection(_ keys: [String?]) -> BatchRejection? {
            guard case .failure(let rejection) = Self.verify(HandmadeBatch(keys: keys).bytes, rules: rules) else {
                return nil
            }
            return rejection
        }
        #expect(rejection(["k", ""]) == nil)
        #expect(rejection([nil])?.recordErrors.map(\.batchIndex) == [0])
        let two = rejection(["a", nil, "b", nil])
        #expect(two?.reason == .invalidRecord)
        #expect(two?.clientMessage != nil)
        #expect(two?.recordErrors.map(\.batchIndex) == [1, 3])
        let many = rejection([String?](repeating: nil, count: 5000))
        #expect(many?.recordErrors.count == BatchRejection.maximumRecordErrors)
    }

    @Test func badTimeAndMissingKeyTogether() {
        let rules = Self.rules { $0.requiresKeys = true }
        let batch = HandmadeBatch([
            .init(key: nil, value: nil), .init(key: [1], value: nil, timestampDelta: 10_000_000),
        ])
        guard case .failure(let rejection) = Self.verify(batch.bytes, rules: rules) else {
            Issue.record("accepted")
            return
        }
        #expect(rejection.reason == .invalidTimestamp)
        #expect(rejection.recordErrors.map(\.batchIndex) == [0, 1])
    }
}

@Suite struct CompressedBatchVerifierTests {
    static func packed(_ batch: HandmadeBatch, _ compression: Compression) -> HandmadeBatch {
        var writer = batch.recordBytes.withUnsafeBytes { raw in
            var writer = ByteWriter()
            CodecScratch().compress(raw, compression, level: compression.defaultLevel, into: &writer)
            return writer.bytes
        }
        writer += batch.suffix
        return batch.with {
            $0.payload = writer
            $0.suffix = []
            $0.attributes |= Int16(compression.rawValue)
        }
    }

    static let codecs: [Compression] = [.gzip, .snappy, .lz4, .zstd]

    @Test(arguments: codecs)
    func accepted(_ compression: Compression) throws {
        let batch = Self.packed(.plain(40), compression)
        let facts = try BatchVerifierTests.verify(batch.bytes).get()
        #expect(facts.header.attributes.compression == compression)
        #expect(facts.maxTimestamp == HandmadeBatch.time)
        #expect(!facts.needsRebuild(for: nil))
        #expect(!facts.needsRebuild(for: compression))
        #expect(facts.needsRebuild(for: Compression.none))
        let lying = try BatchVerifierTests.verify(batch.with { $0.maxTimestamp = 3 }.bytes).get()
        #expect(lying.stamp == TimestampStamp(type: .createTime, maxTimestamp: HandmadeBatch.time))
    }

    @Test(arguments: codecs)
    func recordsInsideAreChecked(_ compression: Compression) throws {
        func reason(
            _ batch: HandmadeBatch, _ rules: VerificationRules = VerificationRules()
        ) -> BatchRejection.Reason? {
            guard case .failure(let rejection) = BatchVerifierTests.verify(batch.bytes, rules: rules) else {
                return nil
            }
            return rejection.reason
        }
        let good = Self.packed(.plain(3), compression)
        let payload = try #require(good.payload)
        #expect(reason(good) == nil)
        #expect(reason(good.with { $0.payload = payload.dropLast(6) }) == .invalidRecord)
        #expect(reason(good.with { $0.payload = [] }) == .invalidRecord)
        #expect(reason(good.with { $0.payload = HandmadeBatch.plain(3).recordBytes }) == .invalidRecord)
        #expect(reason(good.with { $0.payload = [UInt8](repeating: 7, count: 40) }) == .invalidRecord)
        #expect(reason(good.with { $0.payload = payload + [1, 2, 3] }) == .invalidRecord)
        let short = good.with {
            $0.count = 4
            $0.lastOffsetDelta = 3
        }
        #expect(reason(short) == .invalidRecord)
        let keyless = Self.packed(HandmadeBatch(keys: ["a", nil]), compression)
        #expect(reason(keyless, BatchVerifierTests.rules { $0.requiresKeys = true }) == .invalidRecord)
        let future = Self.packed(.plain().with { $0.records[0].timestampDelta = 9_000_000 }, compression)
        #expect(reason(future) == .invalidTimestamp)
        let large = Self.packed(HandmadeBatch([.init(value: [UInt8](repeating: 0, count: 100_000))]), compression)
        #expect(reason(large, BatchVerifierTests.rules { $0.maximumDecompressedSize = 100_000 }) == .messageTooLarge)
        #expect(reason(large, BatchVerifierTests.rules { $0.maximumDecompressedSize = 101_000 }) == nil)
    }

    @Test(arguments: codecs)
    func offsetsOfOldClients(_ compression: Compression) throws {
        let batch = HandmadeBatch.plain(2).with { $0.records[1].offsetDelta = 7 }
        #expect(try BatchVerifierTests.verify(Self.packed(batch, compression).bytes).get().needsRebuild(for: nil))
        #expect(try !BatchVerifierTests.verify(batch.bytes).get().needsRebuild(for: nil))
    }

    @Test(arguments: codecs)
    func unopened(_ compression: Compression) throws {
        let rules = BatchVerifierTests.rules { $0.verifiesCompressed = false }
        let nonsense = HandmadeBatch.plain(3).with {
            $0.payload = [1, 2, 3]
            $0.attributes = Int16(compression.rawValue)
        }
        let facts = try BatchVerifierTests.verify(nonsense.bytes, rules: rules).get()
        #expect(facts.maxTimestamp == HandmadeBatch.time)
        #expect(facts.stamp == nil)
        let late = nonsense.with { $0.maxTimestamp = BatchVerifierTests.now + 3_600_001 }
        guard case .failure(let rejection) = BatchVerifierTests.verify(late.bytes, rules: rules) else {
            Issue.record("accepted")
            return
        }
        #expect(rejection.reason == .invalidTimestamp)
    }

    @Test func zstdNeedsProduceVersion7() {
        let batch = Self.packed(.plain(), .zstd).bytes
        guard case .failure(let rejection) = BatchVerifierTests.verify(batch, version: 6) else {
            Issue.record("accepted")
            return
        }
        #expect(rejection.reason == .unsupportedCompressionType)
        #expect(throws: Never.self) { try BatchVerifierTests.verify(batch, version: 7).get() }
    }
}
