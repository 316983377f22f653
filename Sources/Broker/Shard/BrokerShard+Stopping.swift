import DiskScheduler
import Files
import LogStorage
import Replication
import Runtime

extension BrokerShard {
    /// Ends this shard's connections, then makes its logs durable. `done` hears whether all of them are.
    func stop(within timeout: Interval, _ done: @escaping @Sendable (Bool) -> Void) {
        compactor.stop()
        loop.drain(deadline: loop.now + timeout) { [self] in closeLogs(done) }
    }

    private func closeLogs(_ done: @escaping @Sendable (Bool) -> Void) {
        guard openings.isIdle, disk.isIdle, compactor.isIdle else {
            loop.schedule(after: .milliseconds(1)) { [self] in closeLogs(done) }
            return
        }
        let closing = localPartitions.compactMap { local in
            local.log.close().map { ClosingLog(local: local, sync: $0) }
        }
        let failed = localPartitions.contains { $0.log.failure != nil }
        let syncs = closing.map(\.sync)
        runOnPool({ syncs.map(ClosingLog.perform) }) { [self] outcomes in
            for (log, outcome) in zip(closing, outcomes) {
                switch outcome {
                case .success(let remainder): log.local.log.syncCompleted(log.sync, leaving: remainder)
                case .failure(let error): log.local.log.syncFailed(error)
                }
            }
            for local in localPartitions { moved[local.partition.id] = local }
            reportCheckpoints()
            done(!failed && outcomes.allSatisfy { $0 == .success(.none) })
        }
    }
}

private struct ClosingLog {
    let local: LocalPartition
    let sync: LogSync

    static func perform(_ sync: LogSync) -> Result<SyncRemainder, FileError> {
        do throws(FileError) {
            return .success(try sync.perform())
        } catch {
            return .failure(error)
        }
    }
}
