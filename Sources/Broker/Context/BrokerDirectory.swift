import Bytes
import Files
import LogStorage

/// One log directory of a running broker, with what the last run left about its logs.
struct BrokerDirectory: Sendable {
    let directory: LogDirectory
    /// Below these offsets the logs are known to be durable.
    let recoveryPoints: [TopicPartition: Int64]
    let logStartOffsets: [TopicPartition: Int64]
    /// Each partition that had a directory here at the start, with the id of its topic where that is known.
    let partitions: [TopicPartition: UUID?]

    var path: String { directory.path }
    var id: UUID { directory.id }

    /// Reads what is in the directory and removes what is left of deleted partitions.
    init(_ directory: LogDirectory, _ fileSystem: any FileSystem) throws(FileError) {
        self.directory = directory
        recoveryPoints = try OffsetCheckpoint.recoveryPoint.read(in: directory.path, fileSystem) ?? [:]
        logStartOffsets = try OffsetCheckpoint.logStartOffset.read(in: directory.path, fileSystem) ?? [:]
        let found = try directory.partitions()
        for path in found.deleted { try directory.removeDeleted(path) }
        partitions = Dictionary(
            found.partitions.map { ($0.partition, $0.topicID) }, uniquingKeysWith: { first, _ in first })
    }

    /// Opens the log of a partition, whose directory is made if it is new. One that another topic of this name has left is
    /// put aside. For the blocking pool.
    func recover(
        _ id: TopicPartition, topicID: UUID, configuration: LogConfiguration, _ fileSystem: any FileSystem, now: Int64
    ) throws(FileError) -> RecoveredLog {
        let isKnown = partitions[id] == .some(topicID)
        let path = isKnown ? directory.path(of: id) : try create(id, topicID: topicID, fileSystem)
        return try LogRecovery.recover(
            directory: path, fileSystem: fileSystem, configuration: configuration,
            wasCleanShutdown: directory.wasCleanShutdown, recoveryPoint: isKnown ? recoveryPoints[id] : nil,
            logStartOffset: isKnown ? logStartOffsets[id] : nil, now: now)
    }

    private func create(
        _ id: TopicPartition, topicID: UUID, _ fileSystem: any FileSystem
    ) throws(FileError) -> String {
        let path = directory.path(of: id)
        if try fileSystem.status(path) != nil {
            // An opening that failed after it had made the directory.
            if try directory.topicID(of: id) == topicID { return path }
            try putAside(id, fileSystem)
        }
        do {
            return try directory.createPartition(id, topicID: topicID)
        } catch {
            try? fileSystem.removeDirectory(path)
            throw error
        }
    }

    /// Puts a partition's directory aside that no topic claims: it is kept for whoever wants to look at it.
    func putAside(_ id: TopicPartition, _ fileSystem: any FileSystem) throws(FileError) {
        let target = "\(path)/\(id).\(UUID.random())-stray"
        try fileSystem.rename(directory.path(of: id), to: target)
        try fileSystem.syncDirectory(path)
    }
}
