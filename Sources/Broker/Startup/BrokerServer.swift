import Bytes
public import Configuration
import DiskScheduler
public import Files
import Logging
import Metadata
public import Runtime

/// A broker inside this process: started, then reached over its listeners, then stopped.
///
/// All threads are its own; several brokers may run in one process on different directories.
public final class BrokerServer: Sendable {
    /// Where it listens, by listener, with the ports it got.
    public let endpoints: [BoundListener]
    public let clusterID: String

    private let context: BrokerContext
    private let threads: StartedThreads
    private let shards: [Mailbox<ShardMessage>]
    private let control: Mailbox<ControlMessage>
    private let directories: OpenedDirectories

    /// A listener of a running broker.
    public struct BoundListener: Sendable, CustomStringConvertible {
        public let name: String
        /// The host as configured.
        public let host: String
        public let port: UInt16

        public var description: String { HostPort(host: host, port: port).description }
    }

    /// Starts a broker and returns when it serves: its logs are recovered and its listeners open.
    ///
    /// - Throws: `StartupError`, which says in words what to do.
    public static func start(
        _ configuration: BrokerConfiguration, fileSystem: any FileSystem = RealFileSystem()
    ) throws(StartupError) -> BrokerServer {
        try BrokerStartup(configuration, fileSystem: fileSystem).run()
    }

    init(
        endpoints: [BoundListener], context: BrokerContext, threads: StartedThreads, shards: [Mailbox<ShardMessage>],
        control: Mailbox<ControlMessage>, directories: OpenedDirectories
    ) {
        self.endpoints = endpoints
        clusterID = context.clusterID
        self.context = context
        self.threads = threads
        self.shards = shards
        self.control = control
        self.directories = directories
    }

    /// Stops cleanly: takes no more requests, answers those it has, makes every log durable and notes that it did. Blocks
    /// until all is done; to be called once.
    ///
    /// - Parameter timeout: how long connections may take to finish.
    public func stop(timeout: Interval = .seconds(5)) {
        let log = Logger(label: "broker")
        log.info("stopping")
        let isClean = stopShards(within: timeout)
        if let closed = try? Rendezvous<Bool>() {
            control.post(.close { closed.put(true) })
            _ = closed.wait()
        }
        threads.stop()
        directories.close(isClean: isClean)
        log.info("stopped", metadata: ["clean": .bool(isClean)])
    }

    /// Whether every log could be made durable.
    private func stopShards(within timeout: Interval) -> Bool {
        var outcomes: [Rendezvous<Bool>] = []
        for shard in shards {
            guard let outcome = try? Rendezvous<Bool>() else { return false }
            outcomes.append(outcome)
            shard.post(.call { $0.stop(within: timeout) { outcome.put($0) } })
        }
        return outcomes.map { $0.wait() }.allSatisfy { $0 }
    }
}

/// Why a broker did not start.
public struct StartupError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The configuration cannot be used.
        case configuration
        /// A directory, a port or the like cannot be used.
        case environment
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
