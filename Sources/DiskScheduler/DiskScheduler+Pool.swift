import Files
import LogStorage
import Runtime

/// Writes to a directory that blocks: the blocking pool makes them, from copies, one at a time for each log.
extension DiskScheduler {
    func writeOnPool(_ client: any DiskClient) throws(FileError) {
        guard let write = try client.log.takeOwnedWrite() else { return }
        keepStaged(client)
        directories[client.directory].poolWrites.insert(ObjectIdentifier(client))
        submit(write, of: client)
    }

    private func submit(_ write: OwnedLogWrite, of client: any DiskClient) {
        do throws(BlockingPool.Refused) {
            try shard.run(on: pool, job: { PoolWrite(write) }) { [self] in finished($0, of: client) }
        } catch {
            shard.schedule(after: .milliseconds(5)) { [self] in submit(write, of: client) }
        }
    }

    private func finished(_ outcome: PoolWrite, of client: any DiskClient) {
        directories[client.directory].poolWrites.remove(ObjectIdentifier(client))
        if let error = outcome.error {
            writeFailed(client, error)
        } else {
            statistics.poolWrites += 1
            written(client, outcome.write.offsets, outcome.write.byteCount, in: outcome.write.buffers)
            accountForKept(client)
            if outcome.duration <= DiskScheduler.longestWrite, directories[client.directory].poolWrites.isEmpty {
                directories[client.directory].isSlow = false
            }
            write(client)
        }
        settle()
        shard.requestTick()
    }

    /// Copies what is staged, and has to wait past the end of the tick.
    func keepStaged(_ client: any DiskClient) {
        guard client.log.isWriteInFlight else { return }
        client.log.keepStaged()
        accountForKept(client)
    }

    /// Charges the shard's memory for what the client's log keeps: as it fills, less is read from the sockets.
    func accountForKept(_ client: any DiskClient) {
        let id = ObjectIdentifier(client)
        let before = keptBytes[id] ?? 0
        let now = client.log.keptBytes
        guard now != before else { return }
        keptBytes[id] = now == 0 ? nil : now
        shard.chargeMemory(now - before)
    }
}

/// A write that the pool has made.
private struct PoolWrite: Sendable {
    let write: OwnedLogWrite
    let error: FileError?
    let duration: Interval

    init(_ write: OwnedLogWrite) {
        self.write = write
        let start = MonotonicTime.current()
        do throws(FileError) {
            try write.perform()
            error = nil
        } catch {
            self.error = error
        }
        duration = MonotonicTime.current() - start
    }
}
