import Bytes
import DiskScheduler
import LogStorage
import Replication
import Runtime

extension LocalPartition {
    /// Stages a batch of this partition's coordinator, which is told when it is committed or has failed; false where the
    /// partition takes none.
    func appendOwn(_ batch: Buffer) -> Bool {
        guard partition.failure == nil, !shard.disk.isFailed(directory), takesAppends else { return false }
        let memory = shard.allocateForTick(batch.count)
        batch.withUnsafeBytes { memory.copyMemory(from: $0) }
        guard
            case .appended(let appended) = log.append(
                memory, leaderEpoch: partition.leaderEpoch, now: shard.loop.wallClockMs, origin: .coordinator)
        else { return false }
        partition.appended(
            endOffset: appended.lastOffset + 1, bytes: batch.count,
            token: .coordinator(of: partition.id.partition, on: shard.index))
        metrics.appended(messages: appended.lastOffset - appended.baseOffset + 1, bytes: batch.count)
        shard.disk.stage(self, bytes: batch.count)
        return true
    }
}

extension AcknowledgementToken {
    /// Sessions are counted from 1.
    private static let coordinators: UInt64 = 0

    static func coordinator(of partition: Int32, on shard: Int) -> AcknowledgementToken {
        AcknowledgementToken(
            shard: Int32(truncatingIfNeeded: shard), slot: partition, session: coordinators, request: 0)
    }

    /// The partition whose coordinator is to be told; nil where a connection is.
    var coordinatorPartition: Int32? { session == AcknowledgementToken.coordinators ? slot : nil }
}
