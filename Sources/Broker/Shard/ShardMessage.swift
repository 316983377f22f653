import Metadata
import Runtime

/// What other threads tell a shard.
enum ShardMessage: Sendable {
    /// New metadata, in order.
    case metadata(MetadataUpdate)
    /// A question of another shard: runs here, and posts its own answer back.
    case call(@Sendable (BrokerShard) -> Void)
    /// A connection that the accepting shard hands over.
    case connection(ConnectionHandoff, ListenerInfo)
}

/// What changed in the metadata, and what it is now.
struct MetadataUpdate: Sendable {
    let delta: ClusterDelta
    let image: ClusterImage
    /// To be told to the control plane once the shard has applied the update and opened its partitions.
    let number: UInt64
}
