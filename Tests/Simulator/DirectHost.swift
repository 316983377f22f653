import LogStorage

/// A host on the thread of the test.
package final class DirectHost: CompactionHost {
    package let log: Log
    /// Bytes after which the compaction is told to end.
    package var budget = Int.max
    package var bytes = 0
    /// Called between the parts of a replacement.
    package var onInstall: () -> Void = {}
    package var onSettle: () -> Void = {}

    package init(_ log: Log) { self.log = log }

    package func advanced(by count: Int) -> Bool {
        bytes += count
        return bytes <= budget
    }

    package func install(_ replacement: SegmentReplacement) -> Bool {
        log.install(replacement)
        onInstall()
        return true
    }

    package func settle(_ replacement: SegmentReplacement) {
        log.settle(replacement)
        onSettle()
    }
}
