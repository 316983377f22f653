import Files
import Records

/// What a compaction left that was interrupted.
extension LogRecoverer {
    /// Takes back replacements whose log file never got its `.swap` name, completes the others. The files that are there
    /// then.
    mutating func settleReplacements() throws(ReadFailure) -> LogInventory {
        let inventory = try LogInventory(place)
        for base in inventory.withdrawnReplacements {
            try disk { () throws(FileError) in try SegmentReplacement.remove(base, place) }
            events.append(.leftoverRemoved(name: LogFiles.name(base, .log) + LogFiles.cleanedSuffix))
            hasChanged = true
        }
        // Where a process was killed the name may not be durable, and would be lost after those that it replaces.
        if !inventory.swaps.isEmpty {
            try disk { () throws(FileError) in try place.fileSystem.syncDirectory(place.directory) }
        }
        for base in inventory.swaps {
            try complete(base, inventory)
            events.append(.swapCompleted(baseOffset: base))
            hasChanged = true
        }
        for (base, kind) in inventory.lateIndexes {
            try nameSwapped(base, kind)
            hasChanged = true
        }
        guard hasChanged else { return inventory }
        try disk { () throws(FileError) in try place.fileSystem.syncDirectory(place.directory) }
        return try LogInventory(place)
    }

    /// A segment that replaces others is whole once it has the `.swap` name: those up to its end are removed, durably, and
    /// it gets its own.
    private mutating func complete(_ base: Int64, _ inventory: LogInventory) throws(ReadFailure) {
        let file: any File
        let size: Int64
        do {
            file = try place.fileSystem.open(place.path(base, .log, LogFiles.swapSuffix), .read)
            size = try file.size()
        } catch {
            throw .file(error)
        }
        let end = try endOfReplaced(base, file, size, inventory)
        for replaced in inventory.segments where replaced >= base && replaced < max(end, base + 1) {
            try remove(segment: replaced)
        }
        try disk { () throws(FileError) in try place.fileSystem.syncDirectory(place.directory) }
        try nameSwapped(base, .log)
        try disk { () throws(FileError) in try place.fileSystem.syncDirectory(place.directory) }
        for kind in [LogFiles.Kind.offsetIndex, .timeIndex, .transactionIndex] { try nameSwapped(base, kind) }
    }

    /// The last batch ends where the segment begins that is not replaced. The end that a damaged one says removes nothing.
    private func endOfReplaced(
        _ base: Int64, _ file: any File, _ size: Int64, _ inventory: LogInventory
    ) throws(ReadFailure) -> Int64 {
        var walker = BatchWalker(file, .blocking, from: 0, to: size, expectedOffset: base)
        let begins = Set(inventory.segments)
        var end = base
        do {
            while let header = try walker.next() {
                if begins.contains(header.nextOffset) { end = header.nextOffset }
            }
        } catch .damaged {}
        return end
    }

    private func nameSwapped(_ base: Int64, _ kind: LogFiles.Kind) throws(ReadFailure) {
        do {
            try place.fileSystem.rename(place.path(base, kind, LogFiles.swapSuffix), to: place.path(base, kind))
        } catch {
            if !error.isMissing { throw .file(error) }
        }
    }
}
