import DiskScheduler
import LogStorage
import Replication
import Runtime

extension BrokerShard {
    /// Ends this shard's connections, then makes its logs durable. `done` hears whether all of them are.
    func stop(within timeout: Interval, _ done: @escaping @Sendable (Bool) -> Void) {
        compactor.stop()
        endCoordinators()
        loop.drain(deadline: loop.now + timeout) { [self] in closeLogs(done) }
    }

    private func closeLogs(_ done: @escaping @Sendable (Bool) -> Void) {
        guard openings.isIdle, disk.isIdle, compactor.isIdle else {
            loop.schedule(after: .milliseconds(1)) { [self] in closeLogs(done) }
            return
        }
        areLogsClosed = true
        let failed = localPartitions.contains { $0.log.failure != nil }
        disk.close(Array(localPartitions)) { [self] isWhole in
            for local in localPartitions { moved[local.partition.id] = local }
            reportCheckpoints()
            done(isWhole && !failed)
        }
    }
}
