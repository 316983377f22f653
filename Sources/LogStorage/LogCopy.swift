import Files

/// Copies a log into a directory beside its future place while it is in use. Each `pass` copies what was added since the one
/// before; `finish`, after the log was closed, makes the copy equal and durable. For the blocking pool.
public struct LogCopy: Sendable {
    /// How far a log's files are filled by whole batches that will not be taken back.
    public struct Position: Sendable, Equatable {
        let activeSegment: Int64
        let activeBytes: Int64
    }

    private let source: String
    /// The directory of the copy; it bears its final name once the copy is complete.
    public let directory: String
    private let fileSystem: any FileSystem
    /// Each copied file of records, as it was in the source.
    private var copied: [String: FileStatus] = [:]
    /// The segment that was active at the last pass, of which there may be more now.
    private var growing: (name: String, bytes: Int64)?
    /// Another one of which the last pass had not time for all.
    private var part: (name: String, status: FileStatus, bytes: Int64)?
    /// Whether the last pass copied all that it was to copy.
    public private(set) var isCaughtUp = false
    private static let chunkSize = 1 << 20

    /// Bytes of records copied so far.
    public private(set) var bytes: Int64 = 0

    /// - Parameter directory: made by the first pass; must not exist.
    public init(of source: String, to directory: String, _ fileSystem: any FileSystem) {
        self.source = source
        self.directory = directory
        self.fileSystem = fileSystem
    }

    /// Copies the records up to the position, or until so many bytes were copied.
    ///
    /// - Returns: how many bytes that were.
    public mutating func pass(to position: Position, atMost limit: Int64 = .max) throws(FileError) -> Int64 {
        try fileSystem.createDirectory(directory)
        let before = bytes
        isCaughtUp = true
        for name in try segmentNames() {
            guard let (base, _) = LogFiles.parse(name), base <= position.activeSegment else { continue }
            let end = base == position.activeSegment ? position.activeBytes : nil
            guard try copyPart(of: name, upTo: end, atMost: limit - (bytes - before)) else {
                isCaughtUp = false
                break
            }
        }
        return bytes - before
    }

    /// Copies a segment, or so many bytes of it; whether that was all.
    private mutating func copyPart(of name: String, upTo end: Int64?, atMost limit: Int64) throws(FileError) -> Bool {
        guard let status = try fileSystem.status("\(source)/\(name)") else { return true }
        if end == nil, copied[name] == status { return true }
        let start = place(in: name, status, isGrowing: end != nil)
        guard (end ?? status.size) - start > limit else {
            try copyRecords(name, upTo: end)
            return true
        }
        guard limit > 0, let count = try copyRange(of: name, from: start, upTo: start + limit) else { return false }
        bytes += count
        if end == nil { part = (name, status, start + count) } else { growing = (name, start + count) }
        return false
    }

    /// Up to where the copy of a segment is good.
    private func place(in name: String, _ status: FileStatus, isGrowing: Bool) -> Int64 {
        if isGrowing, let growing, growing.name == name { return growing.bytes }
        if let part, part.name == name, part.status == status { return part.bytes }
        return 0
    }

    /// Copies the rest of a log that nobody writes to any more, and makes the copy durable.
    public mutating func finish() throws(FileError) {
        try fileSystem.createDirectory(directory)
        let segments = try segmentNames()
        for name in segments { try copyRecords(name, upTo: nil, isLast: name == segments.last) }
        var kept = Set(segments)
        for name in try fileSystem.list(source) where LogCopy.isOfLog(name) && !kept.contains(name) {
            if try copyRange(of: name, from: 0, upTo: nil) != nil { kept.insert(name) }
        }
        for name in try fileSystem.list(directory) {
            if kept.contains(name) {
                try fileSystem.open("\(directory)/\(name)", .readWrite).sync()
            } else {
                try fileSystem.removeFile("\(directory)/\(name)")
            }
        }
        try fileSystem.syncDirectory(directory)
    }

    /// Removes what was copied.
    public func abandon() throws(FileError) {
        if try fileSystem.status(directory) != nil { try fileSystem.removeDirectory(directory) }
    }

    private func segmentNames() throws(FileError) -> [String] {
        try fileSystem.list(source).filter { LogFiles.parse($0)?.kind == .log }
    }

    private static func isOfLog(_ name: String) -> Bool {
        LogFiles.parse(name) != nil
            || [LogFiles.leaderEpochCheckpoint, LogFiles.transactionChecksums, LogFiles.partitionMetadata].contains(
                name)
    }

    /// A segment that grows is copied piece by piece while it is the last; any other is copied again when it is not what it
    /// was, for compaction may have put another in its place.
    private mutating func copyRecords(_ name: String, upTo limit: Int64?, isLast: Bool = false) throws(FileError) {
        guard let status = try fileSystem.status("\(source)/\(name)") else { return }
        if limit == nil, !isLast, copied[name] == status { return }
        let start = place(in: name, status, isGrowing: limit != nil || isLast)
        guard let count = try copyRange(of: name, from: start, upTo: limit) else { return }
        bytes += count
        if let limit {
            growing = (name, limit)
        } else {
            copied[name] = status
        }
    }

    /// Copies bytes of a file to the same place in its copy, and ends the copy there. nil if the file is gone, as those of
    /// deleted segments may be.
    private func copyRange(of name: String, from start: Int64, upTo limit: Int64?) throws(FileError) -> Int64? {
        let input: any File
        do throws(FileError) {
            input = try fileSystem.open("\(source)/\(name)", .read)
        } catch {
            if error.isMissing { return nil }
            throw error
        }
        let output = try fileSystem.open("\(directory)/\(name)", .readWriteCreate)
        let end = min(try input.size(), limit ?? Int64.max)
        var position = start
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: LogCopy.chunkSize, alignment: 4096)
        defer { buffer.deallocate() }
        while position < end {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), end - position))])
            let count = try input.read(into: part, at: position)
            guard count > 0 else { break }
            try output.writeAll([UnsafeRawBufferPointer(rebasing: part[..<count])], at: position)
            position += Int64(count)
        }
        try output.truncate(to: position)
        return position - start
    }
}

extension Log {
    /// How far the files are filled, for a copy.
    public var copyPosition: LogCopy.Position {
        LogCopy.Position(activeSegment: segments.active.baseOffset, activeBytes: Int64(segments.active.writtenSize))
    }

    /// Nothing is staged or on its way to the disk, and nobody waits for what was appended: the log may be closed.
    public var isAtRest: Bool {
        staged.isEmpty && !isWriteInFlight && !isSyncInFlight
            && (acknowledgeableOffset == logEndOffset || failure != nil)
    }
}
