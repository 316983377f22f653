import Files

/// A compacted segment, durable under its `.cleaned` name, that is to take the place of others.
///
/// `publish` gives it the `.swap` name: from then on a crash completes the replacement. `Log.install` puts it into the
/// log, `complete` removes the files of the others and gives it its own name, `Log.settle` tells the log so. Whoever
/// reads one of the others by then keeps its file.
public struct SegmentReplacement: Sendable {
    let segment: Segment
    /// The base offsets of the others, lowest first. The first is that of the new one.
    let replaced: [Int64]
    let place: LogPlace

    public var baseOffset: Int64 { segment.baseOffset }
    /// Bytes of the compacted segment.
    public var size: Int64 { segment.size }

    private var indexes: [LogFiles.Kind] {
        segment.abortedTransactions.isEmpty
            ? [.offsetIndex, .timeIndex] : [.offsetIndex, .timeIndex, .transactionIndex]
    }

    /// The log file comes last, and durably so: where it has the `.swap` name its indexes have theirs.
    func publish() throws(FileError) {
        try place.fileSystem.syncDirectory(place.directory)
        for kind in indexes { try rename(kind, from: LogFiles.cleanedSuffix, to: LogFiles.swapSuffix) }
        try place.fileSystem.syncDirectory(place.directory)
        try rename(.log, from: LogFiles.cleanedSuffix, to: LogFiles.swapSuffix)
        try place.fileSystem.syncDirectory(place.directory)
    }

    /// The others are durably gone before the new log file has its name, as only its `.swap` name tells which they are; and
    /// it has its name before its indexes have theirs, as with the others their indexes are removed.
    func complete() throws(FileError) {
        for base in replaced.dropFirst() {
            for kind in LogFiles.Kind.allCases where kind != .snapshot {
                try place.fileSystem.removeIfPresent(place.path(base, kind))
            }
        }
        if segment.abortedTransactions.isEmpty {
            try place.fileSystem.removeIfPresent(place.path(baseOffset, .transactionIndex))
        }
        try place.fileSystem.syncDirectory(place.directory)
        try rename(.log, from: LogFiles.swapSuffix, to: "")
        try place.fileSystem.syncDirectory(place.directory)
        for kind in indexes { try rename(kind, from: LogFiles.swapSuffix, to: "") }
        try place.fileSystem.syncDirectory(place.directory)
    }

    /// Removes what was written and did not replace anything. What stays of it is removed by recovery.
    func withdraw() { try? SegmentReplacement.remove(baseOffset, place) }

    /// Removes the files of a replacement that did not come about. The log file goes last, and durably so: as long as it
    /// has its `.cleaned` name, recovery does not take indexes named `.swap` for good.
    static func remove(_ base: Int64, _ place: LogPlace) throws(FileError) {
        for kind in [LogFiles.Kind.offsetIndex, .timeIndex, .transactionIndex] {
            try place.fileSystem.removeIfPresent(place.path(base, kind, LogFiles.swapSuffix))
            try place.fileSystem.removeIfPresent(place.path(base, kind, LogFiles.cleanedSuffix))
        }
        try place.fileSystem.syncDirectory(place.directory)
        try place.fileSystem.removeIfPresent(place.path(base, .log, LogFiles.swapSuffix))
        try place.fileSystem.removeIfPresent(place.path(base, .log, LogFiles.cleanedSuffix))
    }

    private func rename(_ kind: LogFiles.Kind, from: String, to: String) throws(FileError) {
        try place.fileSystem.rename(place.path(baseOffset, kind, from), to: place.path(baseOffset, kind, to))
    }
}
