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
