import EmbeddedStore
import LogStorage
import Logging
import Metadata

/// The metadata as the store has it, and this process as the one that may change it.
struct LoadedMetadata {
    let store: EmbeddedStore
    let controllerEpoch: Int32
    let image: ClusterImage

    static func load(_ context: BrokerContext, now: Int64, log: Logger) throws(StartupError) -> LoadedMetadata {
        let path = "\(context.directories[0].path)/metadata"
        do throws(any Error) {
            let store = try EmbeddedStore.open(path, on: context.fileSystem, now: now)
            for notice in store.notices { log.warning("metadata store", metadata: ["notice": "\(notice)"]) }
            let epoch = try store.campaign(now: now)
            let loader = MetadataLoader(publishers: [])
            while true {
                let before = loader.image.position
                try loader.load(try store.read(from: before.offset + 1))
                if loader.image.position == before { break }
            }
            return LoadedMetadata(store: store, controllerEpoch: epoch, image: loader.image)
        } catch {
            throw StartupError(.environment, "the metadata in \(path) cannot be used: \(error)")
        }
    }
}
