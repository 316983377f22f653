import Bytes
import Files

/// A directory of partition directories (`log.dirs`), locked for this process.
public struct LogDirectory: Sendable {
    public let path: String
    /// `directory.id` of its `meta.properties`.
    public let id: UUID
    public let clusterID: String
    public let nodeID: Int32
    /// Whether the last process that had it stopped cleanly, so that no log has to be checked.
    public let wasCleanShutdown: Bool
    /// Whether it has no `meta.properties` yet.
    public let isNew: Bool
    let fileSystem: any FileSystem
    private let lock: any FileLock

    /// The file that says whose the directory is.
    public static let metaProperties = "meta.properties"
    /// The file that a running broker has locked.
    public static let lockName = ".lock"
    static let cleanShutdown = ".kafka_cleanshutdown"
    /// What Apache Kafka's own storage tool leaves in a directory that it has formatted.
    public static let foreignNames = ["__cluster_metadata-0", "bootstrap.checkpoint"]

    /// Locks a directory and reads whose it is. But for the lock it stays as it is until `takeOver`.
    ///
    /// - Parameters:
    ///   - clusterID: nil takes what the directory says; a new one must be given an id.
    ///   - newID: the id for a directory that has none.
    public static func open(
        _ path: String, _ fileSystem: any FileSystem, clusterID: String?, nodeID: Int32, newID: UUID
    ) throws(LogDirectoryError) -> LogDirectory {
        do {
            try fileSystem.createDirectory(path)
            for name in foreignNames where try fileSystem.status("\(path)/\(name)") != nil {
                throw LogDirectoryError.foreign(path: path, name: name)
            }
            guard let lock = try fileSystem.lock("\(path)/\(lockName)") else {
                throw LogDirectoryError.inUse(path: path)
            }
            let known = try read(path, fileSystem)
            guard let meta = known ?? clusterID.map({ Meta(clusterID: $0, nodeID: nodeID, id: newID) }) else {
                throw LogDirectoryError.badMeta(path: path, key: "cluster.id")
            }
            if let clusterID, clusterID != meta.clusterID {
                throw LogDirectoryError.otherCluster(path: path, found: meta.clusterID, expected: clusterID)
            }
            guard meta.nodeID == nodeID else {
                throw LogDirectoryError.otherNode(path: path, found: meta.nodeID, expected: nodeID)
            }
            return LogDirectory(
                path: path, id: meta.id, clusterID: meta.clusterID, nodeID: nodeID,
                wasCleanShutdown: try fileSystem.status("\(path)/\(cleanShutdown)") != nil, isNew: known == nil,
                fileSystem: fileSystem, lock: lock)
        } catch let error as LogDirectoryError {
            throw error
        } catch let error as FileError {
            throw .file(error)
        } catch {
            preconditionFailure("nothing else is thrown")
        }
    }

    /// Makes the directory this process's own, before anything in it is changed: a new one gets its `meta.properties`. The
    /// marker goes, as it speaks of the last stop only: whatever happens from now on is no clean stop.
    public func takeOver() throws(FileError) {
        if isNew {
            let text = "cluster.id=\(clusterID)\ndirectory.id=\(id)\nnode.id=\(nodeID)\nversion=1\n"
            try fileSystem.replace("\(path)/\(LogDirectory.metaProperties)", with: CheckedText.encode(text), sync: true)
        }
        if wasCleanShutdown { try fileSystem.removeIfPresent("\(path)/\(LogDirectory.cleanShutdown)") }
        if isNew || wasCleanShutdown, !PlantedBug.cleanMarkerComesBack.isOn { try fileSystem.syncDirectory(path) }
    }

    /// Notes that all logs were closed and synced: the next start need not check them. The last thing before `release`.
    public func markCleanShutdown(brokerEpoch: Int64) throws(FileError) {
        try fileSystem.replace(
            "\(path)/\(LogDirectory.cleanShutdown)", with: Array(#"{"version":0,"brokerEpoch":\#(brokerEpoch)}"#.utf8),
            sync: true)
        try fileSystem.syncDirectory(path)
    }

    /// Lets another process have it.
    public func release() { lock.release() }
}

/// Why a log directory cannot be used.
public enum LogDirectoryError: Error, Sendable, Equatable {
    /// Apache Kafka formatted it; its metadata is not ours to read.
    case foreign(path: String, name: String)
    /// Another process has it.
    case inUse(path: String)
    /// `meta.properties` lacks this key, or has a value that cannot be one. That of the checksum is wrong when the file is
    /// damaged or was changed by hand.
    case badMeta(path: String, key: String)
    case otherCluster(path: String, found: String, expected: String)
    case otherNode(path: String, found: Int32, expected: Int32)
    case file(FileError)
}

extension LogDirectoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .foreign(let path, let name):
            "\(path) was formatted by Apache Kafka (it has \(name)): choose another directory"
        case .inUse(let path): "\(path) is in use by another process"
        case .badMeta(let path, let key): "\(path)/\(LogDirectory.metaProperties) has no valid \(key)"
        case .otherCluster(let path, let found, let expected):
            "\(path) belongs to cluster \(found), not to \(expected)"
        case .otherNode(let path, let found, let expected): "\(path) belongs to node \(found), not to \(expected)"
        case .file(let error): "\(error)"
        }
    }
}

// MARK: - meta.properties

extension LogDirectory {
    private struct Meta {
        var clusterID: String
        var nodeID: Int32
        var id: UUID
    }

    private static func read(_ path: String, _ fileSystem: any FileSystem) throws -> Meta? {
        guard let bytes = try fileSystem.readAll("\(path)/\(metaProperties)") else { return nil }
        guard let text = CheckedText.decode(bytes) else {
            throw LogDirectoryError.badMeta(path: path, key: CheckedText.key)
        }
        var values: [String: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        guard values["version"] == "1" else { throw LogDirectoryError.badMeta(path: path, key: "version") }
        guard let clusterID = values["cluster.id"], !clusterID.isEmpty else {
            throw LogDirectoryError.badMeta(path: path, key: "cluster.id")
        }
        guard let nodeID = values["node.id"].flatMap({ Int32($0) }), nodeID >= 0 else {
            throw LogDirectoryError.badMeta(path: path, key: "node.id")
        }
        guard let id = values["directory.id"].flatMap({ UUID($0) }) else {
            throw LogDirectoryError.badMeta(path: path, key: "directory.id")
        }
        return Meta(clusterID: clusterID, nodeID: nodeID, id: id)
    }
}
