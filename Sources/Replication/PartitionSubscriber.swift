/// Who wants to know when a partition has more to read, or is gone. Called on the partition's own shard.
public protocol PartitionSubscriber: AnyObject {
    /// The high watermark rose by `bytes` of batches, or (with 0) the log start moved.
    func partitionMoved(bytes: Int)
    /// The partition was closed; no further call comes.
    func partitionClosed()
}
