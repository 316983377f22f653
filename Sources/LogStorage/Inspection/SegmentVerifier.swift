import Files
import Records

/// Compares a segment's batches with their checksums, its offsets with each other and its indexes with its batches.
struct SegmentVerifier {
    private let fileSystem: any FileSystem
    private let directory: String
    private let baseOffset: Int64
    /// Where the next segment begins; no offset here reaches it.
    private let nextBase: Int64
    private(set) var result = LogVerification()

    init(_ fileSystem: any FileSystem, directory: String, baseOffset: Int64, nextBase: Int64) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.baseOffset = baseOffset
        self.nextBase = nextBase
    }

    /// The indexes are read first: a broker that appends meanwhile writes batches before their entries.
    mutating func run() throws(FileError) {
        let log = path(.log)
        var offsets = IndexEntries<OffsetIndexEntry>(try fileSystem.readAll(path(.offsetIndex)))
        var times = IndexEntries<TimeIndexEntry>(try fileSystem.readAll(path(.timeIndex)))
        let transactions = try fileSystem.readAll(path(.transactionIndex))
        let file = try fileSystem.open(log, .read)
        let end = try file.size()
        result.segments = 1
        result.bytes = end
        do throws(ReadFailure) {
            try walk(file, to: end, &offsets, &times)
        } catch .file(let error) {
            throw error
        } catch {
            report(.log, nil, "became shorter while it was read")
        }
        finish(offsets, .offsetIndex)
        finish(times, .timeIndex)
        if let transactions, AbortedTransaction.decode(transactions) == nil {
            report(.transactionIndex, nil, "is no list of aborted transactions")
        }
    }

    private mutating func walk(
        _ file: any File, to end: Int64, _ offsets: inout IndexEntries<OffsetIndexEntry>,
        _ times: inout IndexEntries<TimeIndexEntry>
    ) throws(ReadFailure) {
        var start = Int64(0)
        var expected = baseOffset
        while start < end {
            do {
                try walk(file, from: start, to: end, expected, &offsets, &times)
                return
            } catch .damaged(let position, let expectedOffset) {
                let later = try Segment.nextBatch(
                    in: file, from: position + 1, to: end, offsets: expectedOffset..<max(nextBase, expectedOffset))
                let length = (later?.position ?? end) - position
                report(
                    .log, position,
                    "no whole batch begins here; offset \(expectedOffset) or a later one should stand in these "
                        + "\(length) bytes" + (later == nil ? ", to the end of the file" : ""))
                start = later?.position ?? end
                expected = later?.header.baseOffset ?? nextBase
                let (behind, base) = (start, baseOffset)
                offsets.skip { Int64($0.position) < behind }
                times.skip { base &+ Int64($0.relativeOffset) < expected }
            }
        }
    }

    private mutating func walk(
        _ file: any File, from start: Int64, to end: Int64, _ expected: Int64,
        _ offsets: inout IndexEntries<OffsetIndexEntry>, _ times: inout IndexEntries<TimeIndexEntry>
    ) throws(ReadFailure) {
        var walker = BatchWalker(
            file, .blocking, from: start, to: end, expectedOffset: expected, window: BatchWalker.contentWindow)
        while let header = try walker.next() {
            result.batches += 1
            if try !walker.isChecksumValid(header) {
                report(
                    .log, walker.batchPosition,
                    "the checksum of the batch with offsets \(header.baseOffset) to \(header.lastOffset) is wrong")
            }
            if header.lastOffset >= nextBase {
                report(
                    .log, walker.batchPosition,
                    "offset \(header.lastOffset) belongs to the next segment, which begins with \(nextBase)")
            }
            check(&offsets, header, at: walker.batchPosition)
            check(&times, header)
        }
    }

    /// An entry has to name the batch that begins at its position by the batch's last offset.
    private mutating func check(
        _ offsets: inout IndexEntries<OffsetIndexEntry>, _ header: RecordBatchHeader, at position: Int64
    ) {
        while let entry = offsets.next, Int64(entry.position) <= position {
            if Int64(entry.position) < position {
                report(.offsetIndex, offsets.position, "no batch begins at \(entry.position), where an entry points")
            } else if baseOffset &+ Int64(entry.relativeOffset) != header.lastOffset {
                report(
                    .offsetIndex, offsets.position,
                    "an entry says \(baseOffset &+ Int64(entry.relativeOffset)) of the batch that ends with "
                        + "\(header.lastOffset)")
            }
            offsets.advance()
        }
    }

    /// An entry has to name a batch by its last offset, with the largest of the batch's timestamps.
    private mutating func check(_ times: inout IndexEntries<TimeIndexEntry>, _ header: RecordBatchHeader) {
        while let entry = times.next, baseOffset &+ Int64(entry.relativeOffset) <= header.lastOffset {
            let offset = baseOffset &+ Int64(entry.relativeOffset)
            if offset != header.lastOffset {
                report(.timeIndex, times.position, "no batch ends with offset \(offset), which an entry names")
            } else if entry.timestamp != header.maxTimestamp {
                report(
                    .timeIndex, times.position,
                    "an entry says time \(entry.timestamp) of the batch that ends with \(offset) and has "
                        + "\(header.maxTimestamp)")
            }
            times.advance()
        }
    }

    private mutating func finish<Entry>(_ entries: IndexEntries<Entry>, _ kind: LogFiles.Kind) {
        if entries.next != nil {
            report(kind, entries.position, "entries speak of batches that are not there")
        }
        if entries.remainder != 0 {
            report(kind, nil, "has \(entries.remainder) bytes behind its last whole entry")
        }
    }

    private func path(_ kind: LogFiles.Kind) -> String { LogFiles.path(directory, baseOffset, kind) }

    private mutating func report(_ kind: LogFiles.Kind, _ position: Int64?, _ reason: String) {
        result.damage.append(LogDamage(path: path(kind), position: position, reason: reason))
    }
}

/// The entries of an index file, one after another.
private struct IndexEntries<Entry: SparseIndexEntry> {
    private let bytes: [UInt8]
    private var index = 0

    /// nil where there is no such file.
    init(_ bytes: [UInt8]?) { self.bytes = bytes ?? [] }

    /// Bytes behind the last whole entry.
    var remainder: Int { bytes.count % Entry.size }
    /// Where the next entry stands in the file.
    var position: Int64 { Int64(index * Entry.size) }

    /// The next entry; nil behind the last.
    var next: Entry? {
        let start = index * Entry.size
        guard bytes.count - start >= Entry.size else { return nil }
        return bytes.withUnsafeBytes { Entry(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }

    mutating func advance() { index += 1 }

    /// Passes over the entries that satisfy `isPassed`, as long as there are any.
    mutating func skip(while isPassed: (Entry) -> Bool) {
        while let entry = next, isPassed(entry) { index += 1 }
    }
}
