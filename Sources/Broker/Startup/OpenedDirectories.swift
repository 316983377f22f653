import Bytes
import Configuration
import Files
import LogStorage
import Logging

/// The log directories of a broker, locked for it.
struct OpenedDirectories: Sendable {
    let all: [BrokerDirectory]
    let clusterID: String

    static func open(
        _ configuration: BrokerConfiguration, _ fileSystem: any FileSystem
    ) throws(StartupError) -> OpenedDirectories {
        var opened: [BrokerDirectory] = []
        var generator = SystemRandomNumberGenerator()
        do {
            // A directory that is formatted already tells the cluster; a new one is told.
            let isNew = try configuration.logDirectories.allSatisfy { path throws(FileError) in
                try fileSystem.status("\(path)/meta.properties") == nil
            }
            var clusterID = isNew ? UUID.random(using: &generator).description : nil
            for path in configuration.logDirectories {
                let directory = try LogDirectory.open(
                    path, fileSystem, clusterID: clusterID, nodeID: configuration.nodeId,
                    newID: UUID.random(using: &generator))
                clusterID = directory.clusterID
                do {
                    opened.append(try BrokerDirectory(directory, fileSystem))
                } catch {
                    directory.release()
                    throw error
                }
            }
        } catch {
            for directory in opened { directory.directory.release() }
            throw StartupError(.environment, "\(error)\(advice(on: error))")
        }
        guard let first = opened.first else { throw StartupError(.configuration, "log.dirs names no directory") }
        return OpenedDirectories(all: opened, clusterID: first.directory.clusterID)
    }

    private static func advice(on error: any Error) -> String {
        var failure = error as? FileError
        if case .file(let inner)? = error as? LogDirectoryError { failure = inner }
        return failure?.isForbidden == true ? " (not writable by this user; choose another with --data)" : ""
    }

    /// Gives the directories back after a start that failed.
    func release() {
        for directory in all { directory.directory.release() }
    }

    /// Notes a clean stop, where it was one, and gives the directories back.
    func close(isClean: Bool) {
        for directory in all {
            if isClean {
                do throws(FileError) {
                    try directory.directory.markCleanShutdown(brokerEpoch: -1)
                } catch {
                    Logger(label: "log").warning(
                        "the clean stop is not noted: the next start checks the logs",
                        metadata: ["directory": "\(directory.path)", "error": "\(error)"])
                }
            }
            directory.directory.release()
        }
    }
}
