import Bytes
import Configuration
import DiskScheduler
import Files
import HTTPServer
import LogStorage
import Logging
import Metadata
import Runtime

/// Brings a broker up, in this order: directories, control plane with the metadata, shards with the logs, listeners. What
/// was started is stopped again when a later step fails.
struct BrokerStartup {
    private let configuration: BrokerConfiguration
    private let fileSystem: any FileSystem
    private let build: BuildInfo
    private let log = Logger(label: "broker")

    init(_ configuration: BrokerConfiguration, fileSystem: any FileSystem, build: BuildInfo) {
        self.configuration = configuration
        self.fileSystem = fileSystem
        self.build = build
    }

    func run() throws(StartupError) -> StartedBroker {
        ProcessSetup.ignoreBrokenPipes()
        for warning in configuration.warnings { log.warning("configuration: \(warning)") }
        let directories = try OpenedDirectories.open(configuration, fileSystem)
        var threads = StartedThreads()
        do {
            return try start(directories, &threads)
        } catch let error as StartupError {
            threads.stop()
            directories.release()
            throw error
        } catch {
            threads.stop()
            directories.release()
            throw StartupError(.environment, "\(error)")
        }
    }

    private func start(_ directories: OpenedDirectories, _ threads: inout StartedThreads) throws -> StartedBroker {
        let status = BrokerStatus()
        threads.http = try BrokerHTTP.start(configuration.observability, status)
        for endpoint in threads.http?.endpoints ?? [] {
            log.info("metrics and health are served", metadata: ["address": "http://\(endpoint)"])
        }
        let pool = try BlockingPool(name: "pool")
        threads.pool = pool
        let compactors = try BlockingPool(
            name: "compactor", threads: max(min(configuration.compaction.threads, directories.all.count), 1))
        for (index, directory) in directories.all.enumerated() {
            threads.sync.append(try SyncThread(directory: index, on: fileSystem.volume(of: directory.path)))
        }
        let context = BrokerContext(
            configuration: configuration, nodeID: configuration.nodeId, build: build,
            clusterID: directories.clusterID,
            shardCount: configuration.shardCount ?? max(1, ProcessSetup.processorCount - 1), fileSystem: fileSystem,
            pool: pool, status: status, compactors: compactors, compactionSlots: CompactionSlots(),
            movePace: MovePace(), directories: directories.all, syncThreads: threads.sync,
            descriptors: shareDescriptors())
        let control = try startControlPlane(context, &threads)
        let shards = try startShards(context, &threads)
        introduce(shards, control)
        status.metrics = { reply in control.post(.metrics(reply: reply)) }
        status.enter(.recovering)
        try recover(control, shards)
        tellRecovery(context)
        let endpoints = try listen(context, shards, control)
        status.enter(.running)
        log.info(
            "started",
            metadata: [
                "node": .init(context.nodeID), "cluster": "\(context.clusterID)", "shards": .init(shards.count),
                "listeners": "\(endpoints.map(\.description).joined(separator: ","))",
                "data": "\(directories.all.map(\.path).joined(separator: ","))",
                "clean": .bool(context.startsClean), "logs": .init(status.logs.open),
                "seconds": .seconds(status.startDuration),
            ])
        return StartedBroker(
            context: context, endpoints: endpoints, threads: threads, shards: shards, control: control,
            directories: directories)
    }

    private func shareDescriptors() -> DescriptorShares {
        let limit = ProcessSetup.raiseDescriptorLimit()
        let shares = DescriptorShares(limit: limit)
        let wanted = configuration.network.maximumConnections
        if shares.connections < wanted {
            log.warning(
                "fewer connections than max.connections: raise the limit of open files",
                metadata: [
                    "connections": .init(shares.connections), "max.connections": .init(wanted), "nofile": .init(limit),
                ])
        }
        return shares
    }

    private func startControlPlane(
        _ context: BrokerContext, _ threads: inout StartedThreads
    ) throws -> Mailbox<ControlMessage> {
        let opened = try Rendezvous<Result<Mailbox<ControlMessage>, StartupError>>()
        threads.control = try Shard.start(name: "control") { loop in
            do throws(StartupError) {
                let plane = try ControlPlane(loop: loop, context: context)
                opened.put(.success(loop.makeMailbox(of: ControlMessage.self) { plane.receive($0) }))
            } catch {
                opened.put(.failure(error))
            }
        }
        return try opened.wait().get()
    }

    private func startShards(
        _ context: BrokerContext, _ threads: inout StartedThreads
    ) throws -> [Mailbox<ShardMessage>] {
        var mailboxes: [Mailbox<ShardMessage>] = []
        var options = ShardOptions()
        options.memory = MemoryBudget(limit: configuration.network.connectionMemoryBytes)
        for index in 0..<context.shardCount {
            let made = try Rendezvous<Mailbox<ShardMessage>>()
            threads.shards.append(
                try Shard.start(name: "shard-\(index)", options: options) { loop in
                    let shard = BrokerShard(
                        index: index, loop: loop, context: context, dispatch: DispatchTable(ServedApis.all()))
                    made.put(loop.makeMailbox(of: ShardMessage.self) { shard.receive($0) })
                })
            mailboxes.append(made.wait())
        }
        return mailboxes
    }

    /// Tells every thread how to reach the others, before there is anything to tell.
    private func introduce(_ shards: [Mailbox<ShardMessage>], _ control: Mailbox<ControlMessage>) {
        for mailbox in shards {
            mailbox.post(.call { shard in shard.meet(peers: shards, control: control) })
        }
        control.post(.meet(shards.map { shard in { shard.post(.metadata($0)) } }))
        let sources = shards.map { shard in
            ReportSource(
                report: { reply in shard.post(.call { reply($0.report()) }) },
                recordTimes: { places, reply in shard.post(.call { $0.findRecordTimes(at: places, reply) }) })
        }
        control.post(.measure(sources))
    }

    /// Blocks until every shard has opened the logs of its partitions.
    private func recover(_ control: Mailbox<ControlMessage>, _ shards: [Mailbox<ShardMessage>]) throws {
        let recovered = try Rendezvous<Bool>()
        control.post(.publishStart { recovered.put(true) })
        _ = recovered.wait()
    }

    /// After a stop that was not clean the ends of the logs have been read.
    private func tellRecovery(_ context: BrokerContext) {
        guard !context.startsClean else { return }
        log.info(
            "recovered after a stop that was not clean",
            metadata: [
                "logs": .init(context.status.logs.open), "checked-bytes": .init(context.status.checkedBytes),
                "seconds": .seconds(context.status.startDuration),
            ])
    }

    private func listen(
        _ context: BrokerContext, _ shards: [Mailbox<ShardMessage>], _ control: Mailbox<ControlMessage>
    ) throws -> [BoundListener] {
        let outcome = try Rendezvous<Result<[BoundListener], StartupError>>()
        shards[0].post(
            .call { shard in
                do throws(StartupError) {
                    outcome.put(.success(try shard.openListeners()))
                } catch {
                    outcome.put(.failure(error))
                }
            })
        return try outcome.wait().get()
    }
}
