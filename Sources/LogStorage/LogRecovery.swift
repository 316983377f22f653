import Files

/// A log as recovery found it on the disk and left it there, to be taken up by its shard.
public struct RecoveredLog: Sendable {
    public internal(set) var configuration: LogConfiguration
    public internal(set) var logStartOffset: Int64
    public internal(set) var logEndOffset: Int64
    /// All below is durable.
    public internal(set) var syncedOffset: Int64
    /// What happened, in order.
    public internal(set) var events: [LogEvent]
    /// All below was compacted, if the checkpoint says so; whoever reads that puts it here.
    public var cleanedOffset: Int64 = 0
    /// How much of it was read and checked.
    public var checkedBytes: Int64 {
        events.reduce(0) { if case .recovered(_, _, let bytes) = $1 { $0 + bytes } else { $0 } }
    }
    var segments: SegmentSet
    var producers: ProducerState
    var epochs: LeaderEpochCache
    var snapshotOffsets: [Int64]
}

/// Opens the log of a partition, putting in order whatever the last process or a power loss left. For the blocking pool.
public enum LogRecovery {
    /// - Parameters:
    ///   - directory: the partition's directory, which must exist.
    ///   - wasCleanShutdown: whether the log directory had its clean-shutdown marker; then no record is read.
    ///   - recoveryPoint: the offset up to which the log is known to be durable, nil if no checkpoint tells.
    ///   - logStartOffset: what the log start checkpoint says, nil if it does not name this log.
    ///   - isStartKnown: false if there is no log start checkpoint that can be read; then the leader epochs, which begin
    ///     at the log's start when they are written, have to tell it.
    ///   - now: milliseconds since 1970.
    public static func recover(
        directory: String, fileSystem: any FileSystem, configuration: LogConfiguration, wasCleanShutdown: Bool,
        recoveryPoint: Int64?, logStartOffset: Int64?, isStartKnown: Bool = true, now: Int64
    ) throws(FileError) -> RecoveredLog {
        let place = LogPlace(directory: directory, fileSystem: fileSystem)
        let start = CheckpointedStart(offset: logStartOffset, isKnown: isStartKnown)
        var recoverer = LogRecoverer(
            place: place, configuration: configuration, now: now, wasCleanShutdown: wasCleanShutdown)
        if wasCleanShutdown {
            do {
                return try recoverer.run(isClean: true, recoveryPoint: recoveryPoint, start: start)
            } catch .file(let error) {
                throw error
            } catch {
                recoverer = LogRecoverer(
                    place: place, configuration: configuration, now: now, wasCleanShutdown: true,
                    events: recoverer.events)
            }
        }
        do {
            return try recoverer.run(isClean: false, recoveryPoint: recoveryPoint, start: start)
        } catch .file(let error) {
            throw error
        } catch {
            // Recovery settles everything else by itself.
            throw place.unreadable
        }
    }

    /// Cuts a log back so that it ends at `offset`, which must be where a batch begins, and takes it up again. The `Log`
    /// that had it must not be used any more.
    public static func truncate(
        directory: String, fileSystem: any FileSystem, configuration: LogConfiguration, to offset: Int64,
        logStartOffset: Int64?, now: Int64
    ) throws(FileError) -> RecoveredLog {
        let place = LogPlace(directory: directory, fileSystem: fileSystem)
        do {
            var files = try LogInventory(place)
            try files.truncate(to: offset, place)
        } catch .file(let error) {
            throw error
        } catch {
            // Damage in front of the offset: recovery deals with it, and cuts there.
        }
        return try recover(
            directory: directory, fileSystem: fileSystem, configuration: configuration, wasCleanShutdown: false,
            recoveryPoint: offset, logStartOffset: logStartOffset, now: now)
    }
}
