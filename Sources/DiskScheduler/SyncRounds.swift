public import Files
public import LogStorage

/// The sync rounds of one log directory, whoever asks for them.
///
/// After a round has failed each later one fails with the same error. The kernel reports a lost page to one caller and
/// counts it as clean from then on: a second try would succeed without the bytes, whichever shard makes it.
public struct SyncRounds {
    /// More dirty files than this are synced by one `syncfs` of their file system.
    static let separateSyncs = 4

    private let volume: any Volume
    private var failure: FileError?

    /// - Parameter volume: holds the directory, and was opened before anything was written.
    public init(on volume: any Volume) { self.volume = volume }

    /// A shard could not write: nothing that is asked for from now on may count as durable.
    public mutating func fail(_ error: FileError) { failure = failure ?? error }

    /// Makes everything durable that these syncs cover, but for what each of them had to leave undone.
    public mutating func perform(_ syncs: [LogSync]) -> Result<[SyncRemainder], FileError> {
        if let failure, !PlantedBug.failedRoundForgotten.isOn { return .failure(failure) }
        do throws(FileError) {
            var remainders: [SyncRemainder] = []
            for sync in syncs { remainders.append(try sync.prepare()) }
            if syncs.reduce(0, { $0 + $1.files.count }) > SyncRounds.separateSyncs {
                if !PlantedBug.manyFilesNotSynced.isOn { try volume.sync() }
            } else {
                for (sync, remainder) in zip(syncs, remainders) { try sync.sync(leaving: remainder) }
            }
            for index in syncs.indices { try syncs[index].finish(leaving: &remainders[index]) }
            return .success(remainders)
        } catch {
            failure = error
            return .failure(error)
        }
    }
}
