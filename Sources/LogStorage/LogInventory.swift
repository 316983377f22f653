import Files
import Records

/// The files that a partition's directory has.
struct LogInventory {
    /// Base offsets of the log files, lowest first.
    private(set) var segments: [Int64] = []
    private(set) var offsetIndexes: Set<Int64> = []
    private(set) var timeIndexes: Set<Int64> = []
    private(set) var transactionIndexes: Set<Int64> = []
    /// Offsets of the producer snapshots, lowest first.
    private(set) var snapshots: [Int64] = []
    /// Files that no finished operation leaves.
    private(set) var leftovers: [String] = []
    /// Base offsets of finished replacements that did not get their names yet.
    private(set) var swaps: [Int64] = []
    /// Indexes of replacements, under their `.swap` names.
    private var swappedIndexes: [(base: Int64, kind: LogFiles.Kind)] = []
    /// Base offsets of replacements that were not finished.
    private var unfinished: Set<Int64> = []

    init(_ place: LogPlace) throws(ReadFailure) {
        do {
            for name in try place.fileSystem.list(place.directory) { add(name) }
        } catch {
            throw .file(error)
        }
        for index in offsetIndexes.subtracting(segments) { leftovers.append(LogFiles.name(index, .offsetIndex)) }
        for index in timeIndexes.subtracting(segments) { leftovers.append(LogFiles.name(index, .timeIndex)) }
        for index in transactionIndexes.subtracting(segments) {
            leftovers.append(LogFiles.name(index, .transactionIndex))
        }
        leftovers.sort()
    }

    private mutating func add(_ name: String) {
        if let (offset, kind) = LogFiles.parse(name) {
            switch kind {
            case .log: segments.append(offset)
            case .offsetIndex: offsetIndexes.insert(offset)
            case .timeIndex: timeIndexes.insert(offset)
            case .transactionIndex: transactionIndexes.insert(offset)
            case .snapshot: snapshots.append(offset)
            }
        } else if name.hasSuffix(LogFiles.swapSuffix) {
            switch LogFiles.parse(String(name.dropLast(LogFiles.swapSuffix.count))) {
            case (let offset, .log)?: swaps.append(offset)
            case (let offset, let kind)? where kind != .snapshot: swappedIndexes.append((offset, kind))
            default: leftovers.append(name)
            }
        } else if name.hasSuffix(LogFiles.cleanedSuffix),
            case (let offset, .log)? = LogFiles.parse(String(name.dropLast(LogFiles.cleanedSuffix.count)))
        {
            unfinished.insert(offset)
        } else if [LogFiles.deletedSuffix, LogFiles.cleanedSuffix, LogFiles.temporarySuffix].contains(
            where: name.hasSuffix)
        {
            leftovers.append(name)
        }
    }

    /// Base offsets of replacements that were begun and have to be taken back: their log file never got its `.swap` name.
    var withdrawnReplacements: [Int64] { unfinished.subtracting(swaps).sorted() }

    /// Indexes that replace those of their segments: its log file has its own name already.
    var lateIndexes: [(base: Int64, kind: LogFiles.Kind)] {
        swappedIndexes.filter { !unfinished.contains($0.base) && !swaps.contains($0.base) }
    }

    /// Cuts the files so that nothing from `offset` on remains.
    mutating func truncate(to offset: Int64, _ place: LogPlace) throws(ReadFailure) {
        do {
            for base in segments where base >= offset && base > segments[0] {
                for kind in LogFiles.Kind.allCases { try place.fileSystem.removeIfPresent(place.path(base, kind)) }
            }
            for snapshot in snapshots where snapshot > offset {
                try place.fileSystem.removeIfPresent(place.path(snapshot, .snapshot))
            }
        } catch {
            throw .file(error)
        }
        guard let base = segments.last(where: { $0 < offset || $0 == segments[0] }) else { return }
        let file = try place.open(base, .log, .readWrite)
        do {
            let size = try file.size()
            var walker = BatchWalker(file, .blocking, from: 0, to: size, expectedOffset: base)
            while let header = try walker.next() {
                guard header.lastOffset >= offset else { continue }
                try file.truncate(to: walker.batchPosition)
                break
            }
            try file.sync()
            try place.fileSystem.syncDirectory(place.directory)
        } catch let failure as ReadFailure {
            throw failure
        } catch let error as FileError {
            throw .file(error)
        } catch {
            preconditionFailure("nothing else is thrown")
        }
    }
}
