import Bytes
import Files

/// A partition's directory as it was found.
public struct PartitionDirectory: Sendable, Equatable {
    public var partition: TopicPartition
    public var path: String
    /// What `partition.metadata` says; nil where that cannot be read.
    public var topicID: UUID?
}

/// What a log directory has.
public struct FoundPartitions: Sendable, Equatable {
    /// The partitions that have a directory, sorted.
    public var partitions: [PartitionDirectory] = []
    /// Directories to be removed: those of deleted partitions, and what moves have copied that did not come to their end.
    public var deleted: [String] = []
    /// The partitions of such moves, which were on their way here.
    public var arriving: Set<TopicPartition> = []
}

extension LogDirectory {
    /// The directory of a partition, whether it exists or not.
    public func path(of partition: TopicPartition) -> String { "\(path)/\(partition)" }

    /// Reads what is in the directory.
    public func partitions() throws(FileError) -> FoundPartitions {
        var found = FoundPartitions()
        for name in try fileSystem.list(path) {
            let inner = "\(path)/\(name)"
            let isLeftover =
                name.hasSuffix(LogFiles.deletedDirectorySuffix) || name.hasSuffix(LogFiles.futureDirectorySuffix)
            if isLeftover, TopicPartition(directoryName: name) == nil {
                found.deleted.append(inner)
                if let partition = arriving(name) { found.arriving.insert(partition) }
            } else if let partition = TopicPartition(directoryName: name) {
                let topicID = try topicID(of: partition)
                // With an id in it, it is a directory.
                if topicID == nil, try fileSystem.status(inner)?.isDirectory != true { continue }
                found.partitions.append(PartitionDirectory(partition: partition, path: inner, topicID: topicID))
            }
        }
        found.partitions.sort { $0.partition < $1.partition }
        return found
    }

    /// The partition that was put together in a directory of this name; nil for other names.
    private func arriving(_ name: String) -> TopicPartition? {
        guard name.hasSuffix(LogFiles.futureDirectorySuffix), let end = name.lastIndex(of: ".") else { return nil }
        return TopicPartition(directoryName: String(name[..<end]))
    }

    /// The topic whose partition the directory of this name says to hold; nil if there is none, or it does not say.
    public func topicID(of partition: TopicPartition) throws(FileError) -> UUID? {
        let metadata = try fileSystem.readAll("\(path(of: partition))/\(LogFiles.partitionMetadata)")
        return PartitionMetadata.decode(metadata ?? [])
    }

    /// Makes the directory of a new partition; durable on return. It may be there already, as after a crash.
    public func createPartition(_ partition: TopicPartition, topicID: UUID) throws(FileError) -> String {
        let directory = path(of: partition)
        try fileSystem.createDirectory(directory)
        try fileSystem.replace(
            "\(directory)/\(LogFiles.partitionMetadata)", with: PartitionMetadata.encode(topicID), sync: true)
        try fileSystem.syncDirectory(directory)
        try fileSystem.syncDirectory(path)
        return directory
    }

    /// Takes a partition's directory out of the way, so that a new one can get its name; durable on return. What it is
    /// called now can be removed at leisure with `removeDeleted`.
    ///
    /// - Parameter token: differs from that of all other deletions.
    public func deletePartition(_ partition: TopicPartition, token: UUID) throws(FileError) -> String {
        let target = temporaryPath(partition, token, LogFiles.deletedDirectorySuffix)
        try fileSystem.rename(path(of: partition), to: target)
        try fileSystem.syncDirectory(path)
        return target
    }

    /// Removes a partition's directory where it is. What says whose it is goes last: it is never taken for another topic's.
    public func removePartition(_ partition: TopicPartition) throws(FileError) {
        let directory = path(of: partition)
        for name in try fileSystem.list(directory) where name != LogFiles.partitionMetadata {
            try fileSystem.removeIfPresent("\(directory)/\(name)")
        }
        try fileSystem.syncDirectory(directory)
        try fileSystem.removeDirectory(directory)
        try fileSystem.syncDirectory(path)
    }

    /// Where a partition that moves here is put together.
    ///
    /// - Parameter token: differs from that of all other moves.
    public func futurePath(of partition: TopicPartition, token: UUID) -> String {
        temporaryPath(partition, token, LogFiles.futureDirectorySuffix)
    }

    /// Gives a partition that was put together at `futurePath` its name; durable on return.
    public func adopt(_ future: String, as partition: TopicPartition) throws(FileError) {
        try fileSystem.rename(future, to: path(of: partition))
        try fileSystem.syncDirectory(path)
    }

    private func temporaryPath(_ partition: TopicPartition, _ token: UUID, _ suffix: String) -> String {
        // A name has 255 bytes at most.
        let topic = String(decoding: Array(partition.topic.utf8.prefix(200)), as: UTF8.self)
        return "\(path)/\(topic)-\(partition.partition).\(hex(token.high))\(hex(token.low))\(suffix)"
    }

    public func removeDeleted(_ directory: String) throws(FileError) { try fileSystem.removeDirectory(directory) }

    private func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// The content of `partition.metadata`: Kafka's two lines, and a third, which Kafka does not read, with their checksum. A
/// changed id would make the partition another topic's.
enum PartitionMetadata {
    static func encode(_ topicID: UUID) -> [UInt8] { CheckedText.encode("version: 0\ntopic_id: \(topicID)\n") }

    static func decode(_ bytes: [UInt8]) -> UUID? {
        guard let text = CheckedText.decode(bytes) else { return nil }
        let lines = text.split(separator: UInt8(ascii: "\n"))
        let key = "topic_id: ".utf8
        guard lines.count == 2, lines[0].elementsEqual("version: 0".utf8), lines[1].starts(with: key) else {
            return nil
        }
        return UUID(String(decoding: lines[1].dropFirst(key.count), as: UTF8.self))
    }
}

extension TopicPartition {
    /// Reads a name that is a topic, a hyphen and a number; nil for others.
    init?(directoryName name: String) {
        guard let hyphen = name.utf8.lastIndex(of: UInt8(ascii: "-")), hyphen != name.startIndex else { return nil }
        let digits = name[name.index(after: hyphen)...]
        guard let partition = Int32(digits), partition >= 0, String(partition) == digits else { return nil }
        self.init(topic: String(name[..<hyphen]), partition: partition)
    }
}
