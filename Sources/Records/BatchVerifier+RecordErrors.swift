/// The rules that each record has to keep by itself.
extension BatchVerifier {
    static let badTimestamps = "records have timestamps that the topic does not take"

    /// Whether some record breaks a rule; which ones is worth finding out only then.
    func isRefused(_ header: RecordBatchHeader, _ summary: RecordSummary) -> Bool {
        if rules.requiresKeys, summary.recordsWithoutKey > 0 { return true }
        guard header.attributes.timestampType == .createTime else {
            return timestampError(header.maxTimestamp, header, at: 0) != nil
        }
        guard rules.timestampType == .createTime else { return false }
        return summary.minTimestamp != .max && !rules.allows(timestamp: summary.minTimestamp, now: now)
            || !rules.allows(timestamp: summary.maxTimestamp, now: now)
    }

    /// Throws the rejection that names the records.
    func explain(_ header: RecordBatchHeader, _ records: UnsafeRawBufferPointer) throws(BatchRejection) {
        var errors: [BatchRejection.RecordError] = []
        var count = 0
        var isTimestampError = false
        var iterator = RecordIterator(records, count: header.recordCount)
        var index: Int32 = 0
        while let record = try? iterator.next() {
            var problem: String?
            if rules.requiresKeys, record.key == nil {
                problem = "a record without a key in a compacted topic"
            } else if let error = timestampError(header.timestamp(of: record), header, at: index) {
                problem = error
                isTimestampError = true
            }
            if let problem {
                count += 1
                if errors.count < BatchRejection.maximumRecordErrors {
                    errors.append(BatchRejection.RecordError(batchIndex: index, message: problem))
                }
            }
            index += 1
        }
        guard count > 0 else { return }
        throw BatchRejection(
            isTimestampError ? .invalidTimestamp : .invalidRecord,
            isTimestampError ? BatchVerifier.badTimestamps : "\(count) records without a key in a compacted topic",
            isMessageForClient: true, recordErrors: errors)
    }

    private func timestampError(_ timestamp: Int64, _ header: RecordBatchHeader, at index: Int32) -> String? {
        if rules.timestampType == .createTime, timestamp != -1 {
            if rules.allows(timestamp: timestamp, now: now) { return nil }
            let earliest = now.subtractingReportingOverflow(rules.timestampBeforeMaxMs)
            let latest = now.addingReportingOverflow(rules.timestampAfterMaxMs)
            return
                "record \(index) has timestamp \(timestamp); from \(earliest.overflow ? .min : earliest.partialValue) "
                + "to \(latest.overflow ? .max : latest.partialValue) is taken now"
        }
        return header.attributes.timestampType == .logAppendTime
            ? "the broker sets log append times, not the producer" : nil
    }
}
