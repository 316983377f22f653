import Bytes
import Files
import LogStorage
import Logging

/// One log directory of a running broker, with what the last run left about its logs.
struct BrokerDirectory: Sendable {
    let directory: LogDirectory
    /// Below these offsets the logs are known to be durable.
    let recoveryPoints: [TopicPartition: Int64]
    let logStartOffsets: [TopicPartition: Int64]
    /// Whether there was a log start checkpoint that could be read.
    let areLogStartsKnown: Bool
    /// Below these offsets the logs were compacted.
    let cleanedOffsets: [TopicPartition: Int64]
    /// Each partition that had a directory here at the start, with the id of its topic where that is known.
    let partitions: [TopicPartition: UUID?]
    /// Partitions of another log directory that were on their way here when the last run ended.
    let arriving: Set<TopicPartition>

    var path: String { directory.path }
    var id: UUID { directory.id }

    /// Reads what is in the directory and removes what is left of deleted partitions.
    init(_ directory: LogDirectory, _ fileSystem: any FileSystem) throws(FileError) {
        self.directory = directory
        recoveryPoints = try BrokerDirectory.read(.recoveryPoint, in: directory.path, fileSystem) ?? [:]
        let starts = try BrokerDirectory.read(.logStartOffset, in: directory.path, fileSystem)
        logStartOffsets = starts ?? [:]
        areLogStartsKnown = starts != nil
        cleanedOffsets = try BrokerDirectory.read(.cleaner, in: directory.path, fileSystem) ?? [:]
        let found = try directory.partitions()
        for path in found.deleted { try directory.removeDeleted(path) }
        arriving = found.arriving
        partitions = Dictionary(
            found.partitions.map { ($0.partition, $0.topicID) }, uniquingKeysWith: { first, _ in first })
    }

    /// nil if there is no such checkpoint, or it cannot be read, which an operator has to know.
    private static func read(
        _ checkpoint: OffsetCheckpoint, in path: String, _ fileSystem: any FileSystem
    ) throws(FileError) -> [TopicPartition: Int64]? {
        guard try checkpoint.exists(in: path, fileSystem) else { return nil }
        if let offsets = try checkpoint.read(in: path, fileSystem) { return offsets }
        Logger(label: "log").error(
            "a checkpoint cannot be read: what it said is found out again from the logs",
            metadata: ["file": "\(path)/\(checkpoint.rawValue)"])
        return nil
    }

    /// Opens the log of a partition, whose directory is made if it is new. One that does not say whose it is belongs to the
    /// topic of its name, and one that another topic of this name has left is put aside. For the blocking pool.
    func recover(
        _ id: TopicPartition, topicID: UUID, configuration: LogConfiguration, _ fileSystem: any FileSystem, now: Int64
    ) throws(FileError) -> RecoveredLog {
        var isKnown = partitions[id] == .some(topicID)
        if !isKnown { isKnown = try adopt(id, topicID: topicID, fileSystem) }
        let path = isKnown ? directory.path(of: id) : try create(id, topicID: topicID, fileSystem)
        var recovered = try LogRecovery.recover(
            directory: path, fileSystem: fileSystem, configuration: configuration,
            wasCleanShutdown: directory.wasCleanShutdown, recoveryPoint: isKnown ? recoveryPoints[id] : nil,
            logStartOffset: isKnown ? logStartOffsets[id] : nil,
            isStartKnown: isKnown && areLogStartsKnown, now: now)
        if isKnown, let cleaned = cleanedOffsets[id] { recovered.cleanedOffset = cleaned }
        return recovered
    }

    /// Writes `partition.metadata` anew where the directory was found without one that can be read. False if there is no
    /// such directory.
    private func adopt(
        _ id: TopicPartition, topicID: UUID, _ fileSystem: any FileSystem
    ) throws(FileError) -> Bool {
        guard partitions[id] == .some(.none), try fileSystem.status(directory.path(of: id)) != nil,
            try directory.topicID(of: id) == nil
        else { return false }
        _ = try directory.createPartition(id, topicID: topicID)
        Logger(label: "log").warning(
            "a partition's directory does not say whose it is: the topic of its name takes it",
            metadata: ["partition": "\(id)", "topic-id": "\(topicID)", "directory": "\(path)"])
        return true
    }

    private func create(
        _ id: TopicPartition, topicID: UUID, _ fileSystem: any FileSystem
    ) throws(FileError) -> String {
        let path = directory.path(of: id)
        if try fileSystem.status(path) != nil {
            // An opening that failed after it had made the directory.
            let found = try directory.topicID(of: id)
            if found == topicID { return path }
            try putAside(id, fileSystem)
            BrokerDirectory.reportForeign(id, found: found, expected: topicID, in: self.path)
        }
        do {
            return try directory.createPartition(id, topicID: topicID)
        } catch {
            try? fileSystem.removeDirectory(path)
            throw error
        }
    }

    /// A directory of another topic has been put aside.
    static func reportForeign(_ id: TopicPartition, found: UUID?, expected: UUID, in path: String) {
        Logger(label: "log").error(
            "a partition's directory belongs to another topic: it was put aside",
            metadata: [
                "partition": "\(id)", "directory": "\(path)", "found": "\(found?.description ?? "none")",
                "expected": "\(expected)",
            ])
    }

    /// Puts a partition's directory aside that no topic claims: it is kept for whoever wants to look at it.
    func putAside(_ id: TopicPartition, _ fileSystem: any FileSystem) throws(FileError) {
        let target = "\(path)/\(id).\(UUID.random())-stray"
        try fileSystem.rename(directory.path(of: id), to: target)
        try fileSystem.syncDirectory(path)
    }
}
