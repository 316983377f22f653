import Bytes
import Files

/// A place in a partition's files that is not what a broker writes.
public struct LogDamage: Sendable, Equatable {
    public let path: String
    /// The byte in the file; nil where the file is wrong as a whole.
    public let position: Int64?
    /// What is wrong: the rest of a sentence that begins with the path.
    public let reason: String
}

/// What was looked at, and what was found.
public struct LogVerification: Sendable, Equatable {
    public internal(set) var segments = 0
    public internal(set) var batches = 0
    /// Of log files.
    public internal(set) var bytes: Int64 = 0
    public internal(set) var damage: [LogDamage] = []

    public init() {}

    /// Adds what was found elsewhere.
    public mutating func add(_ other: LogVerification) {
        segments += other.segments
        batches += other.batches
        bytes += other.bytes
        damage += other.damage
    }
}

/// Reads partitions' directories and compares checksums, offsets and indexes. It changes nothing and takes no lock.
///
/// A broker that runs may write, replace and remove files meanwhile: what looks damaged beside one is to be looked at again
/// before it is believed. Files that went away count for nothing.
public struct LogVerifier {
    private let fileSystem: any FileSystem

    public init(_ fileSystem: any FileSystem) { self.fileSystem = fileSystem }

    /// The directories of partitions in `directory`, sorted, or itself where it is one; nil where it is neither a log
    /// directory nor one of a partition. Those of deleted partitions and of moves that are under way are left out.
    public func partitionDirectories(in directory: String) throws(FileError) -> [String]? {
        if try !segmentOffsets(in: directory).isEmpty { return [directory] }
        var found: [String] = []
        for name in try fileSystem.list(directory) where TopicPartition(directoryName: name) != nil {
            let path = "\(directory)/\(name)"
            if try fileSystem.status(path)?.isDirectory == true { found.append(path) }
        }
        if !found.isEmpty { return found }
        // A log that nothing was written to has no files.
        let name = directory.split(separator: "/").last.map(String.init) ?? ""
        if TopicPartition(directoryName: name) != nil { return [directory] }
        return try fileSystem.status("\(directory)/\(LogDirectory.metaProperties)") == nil ? nil : []
    }

    /// The log files of a partition's directory, in the order of their offsets.
    public func logFiles(in partition: String) throws(FileError) -> [String] {
        try segmentOffsets(in: partition).map { LogFiles.path(partition, $0, .log) }
    }

    /// Reads all of a partition's directory.
    public func verify(partition directory: String) throws(FileError) -> LogVerification {
        var result = LogVerification()
        let offsets = try segmentOffsets(in: directory)
        for (index, offset) in offsets.enumerated() {
            let next = index + 1 < offsets.count ? offsets[index + 1] : Int64.max
            var segment = SegmentVerifier(fileSystem, directory: directory, baseOffset: offset, nextBase: next)
            do throws(FileError) {
                try segment.run()
            } catch {
                // Retention or compaction was faster.
                if error.isMissing { continue }
                throw error
            }
            result.add(segment.result)
        }
        return result
    }

    private func segmentOffsets(in directory: String) throws(FileError) -> [Int64] {
        try fileSystem.list(directory).compactMap { name in
            LogFiles.parse(name).flatMap { $0.kind == .log ? $0.offset : nil }
        }
    }
}
