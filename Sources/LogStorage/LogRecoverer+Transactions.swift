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

    /// Before the producers are noted that stand behind these segments: from there on, a recovery would not find the
    /// transactions in front again.
    mutating func storeTransactions(before end: Int) throws(ReadFailure) {
        guard transactionsStoredBefore < end else { return }
        for index in transactionsStoredBefore..<end where segments[index].baseOffset >= replayedFrom {
            try storeTransactions(of: index)
        }
        transactionsStoredBefore = end
        try disk { () throws(FileError) in try place.fileSystem.syncDirectory(place.directory) }
    }

    /// Brings the transaction index of a segment that was walked over to what was found, and makes it durable but for its
    /// name. It may have transactions whose markers are gone, and which have ended otherwise since.
    mutating func storeTransactions(of index: Int) throws(ReadFailure) {
        let (write, count) = (segments[index].transactionIndexWrite(place), segments[index].abortedTransactions.count)
        try disk { () throws(FileError) in
            if count == 0 { return try place.fileSystem.removeIfPresent(write.path) }
            let file = try place.fileSystem.open(write.path, .readWriteCreate)
            try write.perform(on: file)
            try file.sync()
        }
        segments[index].storedAbortedTransactions = count
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
