import Bytes
import Records

/// A `records` field as a producer sends it: judged by the broker's rules, stamped, made anew and filtered.
enum Batches {
    private static let now: Int64 = 1_764_000_000_000

    static func run(_ input: inout FuzzInput) {
        let choices = input.byte()
        let version = Int16(input.byte() % 14)
        let target = Compression.allCases[Int(input.byte()) % Compression.allCases.count]
        var field = [UInt8](input.rest)
        field.withUnsafeMutableBytes { field in
            if choices.bit(0) { (try? MutableRecordBatchView(field))?.updateChecksum() }
            walk(UnsafeRawBufferPointer(field))
            verify(field, rules(choices), version: version, target)
        }
    }

    private static func rules(_ choices: UInt8) -> VerificationRules {
        var rules = VerificationRules()
        rules.maximumDecompressedSize = 1 << 20
        rules.requiresKeys = choices.bit(1)
        rules.timestampType = choices.bit(2) ? .logAppendTime : .createTime
        rules.verifiesCompressed = !choices.bit(3)
        if choices.bit(4) { rules.timestampBeforeMaxMs = 1000 }
        if choices.bit(5) { rules.maximumBatchSize = 1000 }
        return rules
    }

    /// All that can be read without believing anything.
    private static func walk(_ field: UnsafeRawBufferPointer) {
        var batches = RecordBatches(field)
        while let batch = try? batches.next() {
            _ = (batch.isChecksumValid, batch.header.nextOffset, batch.header.lastSequence, batch.header.deleteHorizon)
            var records = RecordIterator(uncompressed: batch)
            while let record = try? records.next() {
                _ = (
                    batch.header.offset(of: record), batch.header.timestamp(of: record),
                    try? ControlRecordType(key: record.key)
                )
                _ = try? EndTransactionMarker(record)
                for header in record.headers { _ = header.value }
            }
        }
    }

    private static func verify(
        _ field: UnsafeMutableRawBufferPointer, _ rules: VerificationRules, version: Int16, _ target: Compression
    ) {
        let verifier = BatchVerifier(rules: rules, produceVersion: version, now: now, scratch: Codecs.scratch)
        guard let facts = try? verifier.verify(UnsafeRawBufferPointer(field)) else { return }
        let batch = requireSuccess("an accepted batch is none") { try MutableRecordBatchView(field) }
        if let stamp = facts.stamp { batch.apply(stamp) }
        // Of a batch that claims to have the broker's time only the header is looked at, as Kafka does.
        if rules.timestampType == .createTime, facts.header.attributes.timestampType == .createTime {
            let again = requireSuccess("a stamped batch is refused") {
                try verifier.verify(UnsafeRawBufferPointer(batch.bytes))
            }
            require(again.stamp == nil, "a stamped batch wants another stamp")
            require(again.maxTimestamp == facts.maxTimestamp, "the largest timestamp changed with the stamp")
        }
        let view = requireSuccess("a stamped batch is none") {
            try RecordBatchView(UnsafeRawBufferPointer(batch.bytes))
        }
        require(view.isChecksumValid, "a stamped batch has a wrong checksum")
        guard rules.verifiesCompressed || !view.header.attributes.isCompressed else { return }
        let records = records(of: view)
        require(records.count == Int(view.header.recordCount), "\(records.count) records were accepted as others")
        rebuild(view, facts, target, records)
        filter(view, records)
    }

    private struct Record: Equatable {
        var timestamp: Int64
        var key: [UInt8]?
        var value: [UInt8]?
    }

    private static func records(of batch: RecordBatchView) -> [Record] {
        requireSuccess("an accepted batch cannot be read") {
            guard let compression = batch.header.attributes.compression else { throw CodecError.corrupt }
            let bytes = try Codecs.scratch.decompress(batch.storedRecords, compression, limit: 1 << 20)
            var iterator = RecordIterator(bytes, count: batch.header.recordCount)
            var found: [Record] = []
            while let record = try iterator.next() {
                found.append(
                    Record(
                        timestamp: batch.header.timestamp(of: record), key: record.key.map { [UInt8]($0) },
                        value: record.value.map { [UInt8]($0) }))
            }
            return found
        }
    }

    private static func rebuild(
        _ batch: RecordBatchView, _ facts: BatchFacts, _ target: Compression, _ expected: [Record]
    ) {
        let rebuilder = BatchRebuilder(
            compression: target, maximumDecompressedSize: 1 << 20, scratch: Codecs.scratch)
        let rebuilt = requireSuccess("an accepted batch cannot be made anew") { try rebuilder.rebuild(batch, facts) }
        rebuilt.withUnsafeBytes { bytes in
            let view = requireSuccess("a batch made anew is none") { try RecordBatchView(bytes) }
            require(view.isChecksumValid && view.bytes.count == bytes.count, "a batch made anew is not whole")
            require(records(of: view) == expected, "records changed when their batch was made anew")
        }
    }

    private static func filter(_ batch: RecordBatchView, _ records: [Record]) {
        var filter = BatchFilter(maximumDecompressedSize: 1 << 20, scratch: Codecs.scratch)
        var position = 0
        let outcome = requireSuccess("an accepted batch cannot be filtered") {
            try filter.filter(batch, horizon: .init(time: now, isWanted: true)) { _ in
                position += 1
                return position % 2 == 1
            }
        }
        guard case .rebuilt(let header) = outcome else { return }
        let kept = records.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        require(Int(header.recordCount) == kept.count, "\(header.recordCount) records were kept of \(records.count)")
        filter.withFiltered { bytes in
            let view = requireSuccess("a filtered batch is none") { try RecordBatchView(bytes) }
            require(view.isChecksumValid, "a filtered batch has a wrong checksum")
            require(self.records(of: view) == kept, "records changed when their batch was filtered")
        }
    }
}
