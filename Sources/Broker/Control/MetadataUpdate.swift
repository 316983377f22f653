import Metadata

/// What changed in the metadata, and what it is now.
struct MetadataUpdate: Sendable {
    let delta: ClusterDelta
    let image: ClusterImage
    /// To be told to the control plane once the shard has applied the update and opened its partitions.
    let number: UInt64
    /// Names of topics that are gone, but for what the checkpoints say of them. At the start only: later on they are those
    /// of the removed topics.
    var forgottenNames: Set<String> = []
}

/// Takes every update in order; a shard's mailbox.
typealias MetadataSubscriber = @Sendable (MetadataUpdate) -> Void
