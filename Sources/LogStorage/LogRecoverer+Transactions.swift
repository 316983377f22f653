import Files

/// Transaction indexes and their checksums.
extension LogRecoverer {
    /// Takes up what a segment's transaction index has; one that is not what it was is made anew by the walk.
    mutating func openTransactionIndex(of segment: inout Segment, isThere: Bool) throws(ReadFailure) {
        let known = transactionChecksums.entries[segment.baseOffset]
        guard isThere || known != nil else { return }
        let path = place.path(segment.baseOffset, .transactionIndex)
        let bytes = try disk { () throws(FileError) in try place.fileSystem.readAll(path) }
        if let transactions = AbortedTransaction.decode(bytes ?? []), known?.matches(transactions) ?? true {
            segment.abortedTransactions = transactions
            segment.storedAbortedTransactions = transactions.count
        } else {
            segment.hasBadIndexes = true
            transactionsLostFrom = min(transactionsLostFrom, segment.baseOffset)
        }
    }

    /// What the indexes held at the last stop. Without that they are taken as they are.
    mutating func loadTransactionChecksums() throws(ReadFailure) {
        let path = "\(place.directory)/\(LogFiles.transactionChecksums)"
        guard let bytes = try disk({ () throws(FileError) in try place.fileSystem.readAll(path) }) else { return }
        if let known = TransactionChecksums.decode(bytes) {
            transactionChecksums = known
        } else {
            try disk { () throws(FileError) in try place.fileSystem.removeIfPresent(path) }
            events.append(.fileRebuilt(name: LogFiles.transactionChecksums))
        }
    }

    /// Brings the file to what the indexes have now.
    func storeTransactionChecksums() throws(ReadFailure) {
        let checksums = TransactionChecksums(segments)
        if checksums == transactionChecksums { return }
        let path = "\(place.directory)/\(LogFiles.transactionChecksums)"
        try disk { () throws(FileError) in
            try place.fileSystem.replace(path, with: checksums.encode(), sync: true)
            try place.fileSystem.syncDirectory(place.directory)
        }
    }
}
