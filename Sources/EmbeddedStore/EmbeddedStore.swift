import Files

/// The metadata of a single node in a directory of its disk: a journal of all changes, and snapshots that make it short
/// again.
///
/// Belongs to one thread, which it blocks: every append is on the disk when it returns.
public final class EmbeddedStore {
    /// Bytes of journal since the last snapshot that ask for a new one.
    public static let snapshotBytes: Int64 = 20 << 20
    /// Milliseconds after which changes ask for a new snapshot.
    public static let snapshotInterval: Int64 = 3_600_000
    static let snapshotsKept = 2
    /// About so many bytes of the latest batches are kept in memory, for readers that follow the end.
    static let tailBytes = 1 << 20

    let directory: String
    let fileSystem: any FileSystem
    var journal: Journal
    /// The offset of the next record.
    public internal(set) var endOffset: Int64
    /// The epoch whose appends are accepted.
    public internal(set) var controllerEpoch: Int32
    /// What opening found that a clean stop would not have left.
    public let notices: [StoreNotice]
    /// The newest snapshot that was read or written.
    var snapshotName: StoreFiles.SnapshotName?
    /// That snapshot, from opening until it is asked for.
    var unreadSnapshot: Snapshot?
    /// The latest batches, without gaps up to the end; none is empty.
    var tail: [JournalBatch]
    private var tailSize: Int
    private var snapshotTime: Int64
    private var bytesSinceSnapshot: Int64
    private var failure: FileError?

    init(
        directory: String, fileSystem: any FileSystem, journal: Journal, endOffset: Int64, controllerEpoch: Int32,
        contents: StoreContents, bytesSinceSnapshot: Int64, now: Int64
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.journal = journal
        self.endOffset = endOffset
        self.controllerEpoch = controllerEpoch
        self.bytesSinceSnapshot = bytesSinceSnapshot
        notices = contents.notices
        snapshotName = contents.snapshot?.name
        unreadSnapshot = contents.snapshot
        snapshotTime = contents.snapshot?.time ?? now
        tail = contents.batches
        tailSize = contents.batches.reduce(0) { $0 + $1.size }
    }

    /// What the store read when it was opened, as long as nobody asked for it.
    package var contents: StoreContents {
        StoreContents(snapshot: unreadSnapshot, batches: tail, notices: notices)
    }

    /// Becomes the controller: the new epoch is on the disk, and appends of earlier ones are refused.
    public func campaign(now: Int64) throws(StoreError) -> Int32 {
        guard controllerEpoch < Int32.max else { throw .fenced(currentEpoch: controllerEpoch) }
        if !PlantedBug.controllerEpochNotStored.isOn {
            try write(
                JournalBatch(firstOffset: endOffset, controllerEpoch: controllerEpoch + 1, time: now, records: []))
        }
        controllerEpoch += 1
        return controllerEpoch
    }

    /// Appends records that all survive a crash, or none of them; they are on the disk when this returns.
    ///
    /// - Returns: the offset of the first of them.
    /// - Throws: `fenced` for another epoch than the current one, `disk` and `tooLarge` when nothing was changed,
    ///   `stopped` when it is unknown whether the records will be there after a restart; then all later calls fail too.
    package func append(_ records: [EncodedRecord], fencedBy epoch: Int32, now: Int64) throws(StoreError) -> Int64 {
        guard epoch == controllerEpoch else { throw .fenced(currentEpoch: controllerEpoch) }
        let batch = JournalBatch(firstOffset: endOffset, controllerEpoch: epoch, time: now, records: records)
        try write(batch)
        endOffset = batch.endOffset
        keepInTail(batch)
        return batch.firstOffset
    }

    /// Whether the journal has grown so long or old that a snapshot is due.
    public func wantsSnapshot(now: Int64) -> Bool {
        guard failure == nil, endOffset > snapshotName?.endOffset ?? 0 else { return false }
        return bytesSinceSnapshot >= EmbeddedStore.snapshotBytes || now - snapshotTime >= EmbeddedStore.snapshotInterval
    }

    /// Keeps a snapshot and begins a new journal; then drops the files that are not needed any more: the last two
    /// snapshots stay, with the journals behind them.
    ///
    /// - Throws: `disk` if there is no new snapshot but all else is as before, `stopped` as `append` does.
    package func write(_ snapshot: Snapshot) throws(StoreError) {
        precondition((0...endOffset).contains(snapshot.endOffset), "a snapshot of records that were never appended")
        try checkRunning()
        let content = try snapshot.encoded()
        let header = FileHeader(.journal, offset: endOffset, controllerEpoch: controllerEpoch, time: snapshot.time)
        try stopOnFailure { () throws(StoreError) in
            let files = try listFiles()
            _ = try files.create(snapshot.name.fileName, content: content)
            snapshotName = snapshot.name
            unreadSnapshot = nil
            snapshotTime = snapshot.time
            if files.journals.last != endOffset { journal = try Journal(creating: header, in: files) }
            bytesSinceSnapshot = 0
        }
        removeOldFiles()
    }

    /// Ends the journal with an empty frame, so that damage to any record before it is told from a torn write.
    public func close(now: Int64) throws(StoreError) {
        try write(JournalBatch(firstOffset: endOffset, controllerEpoch: controllerEpoch, time: now, records: []))
    }

    private func write(_ batch: JournalBatch) throws(StoreError) {
        try checkRunning()
        let before = journal.size
        try stopOnFailure { () throws(StoreError) in try journal.append(batch) }
        bytesSinceSnapshot += journal.size - before
    }

    private func checkRunning() throws(StoreError) {
        if let failure { throw .stopped(failure) }
    }

    private func stopOnFailure(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do {
            try body()
        } catch {
            if case .stopped(let failure) = error { self.failure = failure }
            throw error
        }
    }

    private func keepInTail(_ batch: JournalBatch) {
        guard !batch.records.isEmpty else { return }
        tail.append(batch)
        tailSize += batch.size
        var dropped = 0
        while tailSize > EmbeddedStore.tailBytes, dropped < tail.count - 1 {
            tailSize -= tail[dropped].size
            dropped += 1
        }
        tail.removeFirst(dropped)
    }

    func listFiles() throws(StoreError) -> StoreFiles {
        do { return try StoreFiles(directory: directory, fileSystem: fileSystem) } catch { throw .disk(error) }
    }

    /// What cannot be removed now is removed after the next snapshot.
    private func removeOldFiles() {
        guard let files = try? StoreFiles(directory: directory, fileSystem: fileSystem) else { return }
        for snapshot in files.snapshots.dropLast(EmbeddedStore.snapshotsKept) {
            try? fileSystem.removeFile(files.path(snapshot.fileName))
        }
        guard files.snapshots.count >= EmbeddedStore.snapshotsKept,
            let oldest = files.snapshots.suffix(EmbeddedStore.snapshotsKept).first
        else { return }
        for (journal, next) in zip(files.journals, files.journals.dropFirst()) where next <= oldest.endOffset {
            try? fileSystem.removeFile(files.path(StoreFiles.journalName(journal)))
        }
    }
}
