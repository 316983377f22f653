import Records

/// What the transaction indexes of a log's segments held when they were completed. Kafka's format has no checksum, and a
/// segment without aborted transactions has no such file, so that nothing else would tell that one was changed or is gone.
///
/// A checkpoint file: base offset, number of entries and the CRC-32C of these, for each segment that has any. An index that
/// is longer was appended to since; a segment that is not named was not completed yet.
struct TransactionChecksums: Equatable {
    struct Entry: Equatable {
        var count: Int
        var checksum: UInt32

        init(_ transactions: [AbortedTransaction]) {
            count = transactions.count
            checksum = AbortedTransaction.encode(transactions).withUnsafeBytes { CRC32C.of($0) }
        }

        fileprivate init(count: Int, checksum: UInt32) {
            self.count = count
            self.checksum = checksum
        }

        /// Whether the index has what it had.
        func matches(_ transactions: [AbortedTransaction]) -> Bool {
            transactions.count >= count && Entry(Array(transactions.prefix(count))) == self
        }
    }

    private(set) var entries: [Int64: Entry] = [:]

    init() {}

    init(_ segments: some Sequence<Segment>) {
        for segment in segments where !segment.abortedTransactions.isEmpty {
            entries[segment.baseOffset] = Entry(segment.abortedTransactions)
        }
    }

    func encode() -> [UInt8] {
        TextCheckpoint.encode(
            entries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.count) \($0.value.checksum)" })
    }

    /// nil where the bytes are not such a file.
    static func decode(_ bytes: [UInt8]) -> TransactionChecksums? {
        guard let lines = TextCheckpoint.decode(bytes) else { return nil }
        var checksums = TransactionChecksums()
        for line in lines {
            guard line.count == 3, let base = Int64(line[0]), let count = Int(line[1]), count > 0,
                let checksum = UInt32(line[2])
            else { return nil }
            checksums.entries[base] = Entry(count: count, checksum: checksum)
        }
        return checksums
    }
}
