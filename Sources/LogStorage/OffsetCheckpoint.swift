import Bytes
import Files

/// A checkpoint file that has an offset for each partition of a log directory.
public enum OffsetCheckpoint: String, Sendable, CaseIterable {
    /// All below it has been synced.
    case recoveryPoint = "recovery-point-offset-checkpoint"
    case highWatermark = "replication-offset-checkpoint"
    /// Only partitions whose log begins past their first segment's base offset.
    case logStartOffset = "log-start-offset-checkpoint"
    /// All below it has been compacted.
    case cleaner = "cleaner-offset-checkpoint"

    /// No log gets so far: an offset from here on was not written by anybody who kept count.
    static let offsetLimit: Int64 = 1 << 62

    /// Empty if there is no such file; nil if its content is not a whole checkpoint, or has an offset that no log can have.
    public func read(
        in directory: String, _ fileSystem: any FileSystem
    ) throws(FileError) -> [TopicPartition: Int64]? {
        guard let bytes = try fileSystem.readAll("\(directory)/\(rawValue)") else { return [:] }
        guard let lines = TextCheckpoint.decode(bytes) else { return nil }
        var offsets: [TopicPartition: Int64] = [:]
        for line in lines {
            guard line.count == 3, let partition = Int32(line[1]), partition >= 0, let offset = Int64(line[2]),
                (0..<OffsetCheckpoint.offsetLimit).contains(offset)
            else { return nil }
            offsets[TopicPartition(topic: String(line[0]), partition: partition)] = offset
        }
        return offsets
    }

    /// Whether the file is there.
    public func exists(in directory: String, _ fileSystem: any FileSystem) throws(FileError) -> Bool {
        try fileSystem.status("\(directory)/\(rawValue)") != nil
    }

    /// Replaces the file as a whole. Durable on return when `sync`; otherwise a power loss may leave the old content, or
    /// none. The log start checkpoint is not lost that way: what it says cannot be found out again.
    public func write(
        _ offsets: [TopicPartition: Int64], in directory: String, _ fileSystem: any FileSystem, sync: Bool
    ) throws(FileError) {
        let lines = offsets.map { "\($0.key.topic) \($0.key.partition) \($0.value)" }
        try fileSystem.replace(
            "\(directory)/\(rawValue)", with: TextCheckpoint.encode(lines.sorted()),
            sync: sync || self == .logStartOffset)
        if sync { try fileSystem.syncDirectory(directory) }
    }
}
