import Files
import Records

/// How much of a log waits to be compacted.
public struct CompactionNeed: Sendable, Equatable {
    /// All below was compacted before.
    public var firstDirtyOffset: Int64
    /// The first offset that must not be touched yet.
    public var upTo: Int64
    /// Bytes of the segments before the first dirty offset.
    public var cleanBytes: Int64 = 0
    /// Bytes of the dirty segments that may be touched.
    public var dirtyBytes: Int64 = 0
    /// Whether a record has waited longer than `max.compaction.lag.ms`.
    public var isOverdue = false
    /// `min.cleanable.dirty.ratio`
    var leastRatio: Double

    /// The dirty part of what may be touched.
    public var dirtyRatio: Double {
        cleanBytes + dirtyBytes > 0 ? Double(dirtyBytes) / Double(cleanBytes + dirtyBytes) : 0
    }

    public var isDue: Bool { dirtyBytes > 0 && (isOverdue || dirtyRatio > leastRatio) }
}

extension Log {
    /// What there is to compact. Only whole sealed segments count, durable, below the last stable offset, with no newer
    /// records than `min.compaction.lag.ms` allows.
    ///
    /// - Parameters:
    ///   - lastStableOffset: below it every transaction is decided and committed to.
    ///   - now: milliseconds since 1970.
    public func compactionNeed(lastStableOffset: Int64, now: Int64) -> Consulted<CompactionNeed> {
        var need = CompactionNeed(
            firstDirtyOffset: firstDirtyOffset, upTo: logStartOffset,
            leastRatio: configuration.minCleanableDirtyRatio)
        for segment in cleanableSegments(lastStableOffset: lastStableOffset, now: now) {
            need.upTo = segment.nextOffset
            if segment.nextOffset <= need.firstDirtyOffset {
                need.cleanBytes += segment.size
            } else {
                need.dirtyBytes += segment.size
            }
        }
        guard need.dirtyBytes > 0, !need.isDue, configuration.maxCompactionLagMs < .max else { return .answer(need) }
        let (oldest, overflow) = now.subtractingReportingOverflow(configuration.maxCompactionLagMs)
        if overflow { return .answer(need) }
        let found = need
        return consult { (segments, mode) throws(ReadFailure) in
            var need = found
            let first = try segments.earliestTimestamp(from: need.firstDirtyOffset, mode)
            need.isOverdue = first.map { $0 < oldest } ?? false
            return need
        }
    }

    /// A checkpoint that does not fit the log counts for nothing.
    private var firstDirtyOffset: Int64 {
        cleanedOffset >= logStartOffset && cleanedOffset <= logEndOffset ? cleanedOffset : logStartOffset
    }

    private func cleanableSegments(lastStableOffset: Int64, now: Int64) -> ArraySlice<Segment> {
        let bound = min(lastStableOffset, syncedOffset)
        let (newest, overflow) = now.subtractingReportingOverflow(configuration.minCompactionLagMs)
        let firstDirty = firstDirtyOffset
        let end = segments.segments.dropLast().firstIndex { segment in
            if segment.nextOffset > bound || segment.needsSealing || segment.isDirty || !segment.damage.isEmpty {
                return true
            }
            return configuration.minCompactionLagMs > 0 && segment.nextOffset > firstDirty
                && (overflow || segment.retentionTimestamp > newest)
        }
        return segments.segments[..<(end ?? segments.segments.count - 1)]
    }

    /// Begins a pass over what `compactionNeed` counts. Until `endCompaction` no segment is deleted. nil if there is
    /// nothing to do, one is under way, or the log takes no writes.
    public func beginCompaction(lastStableOffset: Int64, now: Int64) -> Compaction? {
        guard failure == nil, !isRetired, !isCompacting, !segments.segments.contains(where: \.isBeingNamed) else {
            return nil
        }
        let cleanable = cleanableSegments(lastStableOffset: lastStableOffset, now: now)
        guard let last = cleanable.last, last.nextOffset > firstDirtyOffset else { return nil }
        isCompacting = true
        return Compaction(
            segments: Array(cleanable), firstDirtyOffset: firstDirtyOffset,
            abortedTransactions: segments.segments.flatMap(\.abortedTransactions), lastBatches: lastBatches,
            configuration: configuration, place: place)
    }

    /// Of the batches that are remembered of a producer the newest that a power loss would not take.
    private var lastBatches: LastBatches {
        LastBatches(
            entries: producers.entries.mapValues { entry in
                var last = entry.batches.last?.lastOffset
                for index in 0..<entry.batches.count where entry.batches[index].lastOffset < syncedOffset {
                    last = entry.batches[index].lastOffset
                }
                return LastBatches.Entry(lastOffset: last, epoch: entry.epoch)
            })
    }

    /// Puts a compacted segment into the place of those that it replaces. Reads under way are answered anew.
    public func install(_ replacement: SegmentReplacement) {
        guard isCompacting, let first = segments.index(of: replacement.baseOffset),
            segments.segments[first...].prefix(replacement.replaced.count).map(\.baseOffset) == replacement.replaced,
            first + replacement.replaced.count < segments.segments.count
        else { preconditionFailure("no segment goes while its log is compacted") }
        segments.segments.replaceSubrange(
            first..<(first + replacement.replaced.count), with: [replacement.segment])
        segments.hints.removeAll()
        generation += 1
    }

    /// The files of the installed segment have their own names now.
    public func settle(_ replacement: SegmentReplacement) {
        guard let index = segments.index(of: replacement.baseOffset) else {
            preconditionFailure("no segment goes while its log is compacted")
        }
        segments.segments[index].isBeingNamed = false
        areTransactionsDirty = areTransactionsDirty || segments.segments.contains { !$0.abortedTransactions.isEmpty }
    }

    /// The pass is over; `result` is nil where it ended early.
    public func endCompaction(_ result: CompactionResult?) {
        precondition(isCompacting, "no compaction is under way")
        isCompacting = false
        if let result { cleanedOffset = result.cleanedOffset }
    }
}

extension SegmentSet {
    /// The least time of the first batch of a sealed segment that has records from `offset` on; nil where none has a time.
    fileprivate mutating func earliestTimestamp(from offset: Int64, _ mode: ReadMode) throws(ReadFailure) -> Int64? {
        var earliest: Int64?
        for index in segments.indices.dropLast() where segments[index].nextOffset > offset {
            guard let time = try segments[index].loadFirstTimestamp(place, mode), time > 0 else { continue }
            earliest = min(earliest ?? time, time)
        }
        return earliest
    }
}

extension Segment {
    fileprivate mutating func loadFirstTimestamp(_ place: LogPlace, _ mode: ReadMode) throws(ReadFailure) -> Int64? {
        if firstTimestamp == nil {
            var walker = BatchWalker(
                try openLog(place), mode, from: 0, to: writtenSize, expectedOffset: baseOffset)
            do {
                firstTimestamp = try walker.next()?.maxTimestamp
            } catch .damaged {
                return nil
            }
        }
        return firstTimestamp
    }
}
