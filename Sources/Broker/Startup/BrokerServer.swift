import Bytes
public import Configuration
import DiskScheduler
public import Files
import HTTPServer
import Logging
import Metadata
public import Runtime

/// A broker inside this process: started, then reached over its listeners, then stopped.
///
/// All threads are its own; several brokers may run in one process on different directories.
public final class BrokerServer: Sendable {
    /// Where it listens, by listener, with the ports it got.
    public var endpoints: [BoundListener] { broker.endpoints }
    public var clusterID: String { broker.context.clusterID }
    /// Where metrics and health are served over HTTP, with the ports it got.
    public var httpEndpoints: [HostPort] { broker.threads.http?.endpoints ?? [] }

    let broker: StartedBroker

    /// Starts a broker and returns when it serves: its logs are recovered and its listeners open.
    ///
    /// - Parameter build: what the metrics say of the program.
    /// - Throws: `StartupError`, which says in words what to do.
    public static func start(
        _ configuration: BrokerConfiguration, fileSystem: any FileSystem = RealFileSystem(),
        build: BuildInfo = .unknown
    ) throws(StartupError) -> BrokerServer {
        BrokerServer(try BrokerStartup(configuration, fileSystem: fileSystem, build: build).run())
    }

    private init(_ broker: StartedBroker) { self.broker = broker }

    /// Stops cleanly: takes no more requests, answers those it has, makes every log durable and notes that it did. Blocks
    /// until all is done; to be called once.
    ///
    /// - Parameter timeout: how long connections may take to finish.
    public func stop(timeout: Interval = .seconds(5)) {
        let log = Logger(label: "broker")
        log.info("stopping")
        broker.context.status.enter(.stopping)
        let areLogsClosed = stopShards(within: timeout)
        let isClean = closeMetadata() && areLogsClosed
        broker.threads.stop()
        broker.directories.close(isClean: isClean)
        log.info("stopped", metadata: ["clean": .bool(isClean)])
    }

    private func closeMetadata() -> Bool {
        guard let closed = try? Rendezvous<Bool>() else { return false }
        broker.control.post(.close { closed.put($0) })
        return closed.wait()
    }

    /// Whether every log could be made durable.
    private func stopShards(within timeout: Interval) -> Bool {
        var outcomes: [Rendezvous<Bool>] = []
        for shard in broker.shards {
            guard let outcome = try? Rendezvous<Bool>() else { return false }
            outcomes.append(outcome)
            shard.post(.call { $0.stop(within: timeout) { outcome.put($0) } })
        }
        return outcomes.map { $0.wait() }.allSatisfy { $0 }
    }
}
