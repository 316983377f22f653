import Bytes
import Configuration
import EmbeddedStore
import Files
import LogStorage
import Logging
import Metadata

/// The metadata as the store has it, and this process as the one that may change it.
struct LoadedMetadata {
    let store: EmbeddedStore
    let controllerEpoch: Int32
    let image: ClusterImage

    /// Reads the metadata, compares the log directories with it, and only then takes both over: a start that is refused
    /// leaves them as they were.
    static func load(_ context: BrokerContext, now: Int64, log: Logger) throws(StartupError) -> LoadedMetadata {
        let path = "\(context.directories[0].path)/metadata"
        do throws(any Error) {
            let store = try EmbeddedStore.open(
                path, on: context.fileSystem, mayBeNew: !context.hasPartitions,
                wasClosed: context.directories[0].directory.wasCleanShutdown, now: now)
            for notice in store.notices { log.warning("metadata store", metadata: ["notice": "\(notice)"]) }
            let loader = MetadataLoader(publishers: [])
            while true {
                let before = loader.image.position
                try loader.load(try store.read(from: before.offset + 1))
                if loader.image.position == before { break }
            }
            try compareDirectories(of: context, with: loader.image, log)
            for directory in context.directories { try directory.directory.takeOver() }
            return LoadedMetadata(
                store: store, controllerEpoch: try store.campaign(now: now), image: loader.image)
        } catch let error as StartupError {
            throw error
        } catch StoreError.missing {
            throw StartupError(
                .environment,
                "\(path) has neither a journal nor a snapshot, but there are partitions: bring back its files, or choose "
                    + "empty directories to start anew")
        } catch {
            throw StartupError(.environment, "the metadata in \(path) cannot be used: \(error)")
        }
    }

    /// The directories that the broker had when it ran last must be there: without one of them its partitions would seem
    /// to be empty.
    private static func compareDirectories(
        of context: BrokerContext, with image: ClusterImage, _ log: Logger
    ) throws(StartupError) {
        let registered = image.brokers[context.nodeID]?.registration.logDirectories ?? []
        let lost = registered.filter { id in !context.directories.contains { $0.id == id } }
        guard !lost.isEmpty else { return }
        let names = lost.map(\.description).joined(separator: ", ")
        guard context.configuration.acceptsLostDirectories else {
            let paths = context.directories.map(\.path).joined(separator: ", ")
            throw StartupError(
                .environment,
                "none of \(paths) is the log directory with the id \(names), which this broker had: it may be unmounted, "
                    + "replaced or missing in log.dirs. Bring it back, or start without the data of its partitions by "
                    + "martlet.log.dirs.accept.lost=true")
        }
        log.error("going on without log directories that this broker had", metadata: ["ids": "\(names)"])
        for topic in image.topics.all {
            for (index, state) in topic.partitions.enumerated() where state.replicas.contains(context.nodeID) {
                let id = TopicPartition(topic: topic.name, partition: Int32(index))
                if context.directories.contains(where: { $0.partitions[id] != nil }) { continue }
                log.error("a partition starts empty: its log directory was given up", metadata: ["partition": "\(id)"])
            }
        }
    }
}

extension BrokerContext {
    /// Whether there are partitions from an earlier run, so that there must be metadata of it, too.
    fileprivate var hasPartitions: Bool { directories.contains { !$0.directory.isNew && !$0.partitions.isEmpty } }
}
