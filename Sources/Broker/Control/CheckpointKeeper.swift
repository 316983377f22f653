import Bytes
import Files
import LogStorage
import Logging
import Metadata
import Runtime

/// Where one log stands.
struct CheckpointEntry: Sendable {
    let id: TopicPartition
    let directory: Int
    let recoveryPoint: Int64
    let logStartOffset: Int64
    let firstSegmentOffset: Int64
    let highWatermark: Int64
    /// 0 for a log that was never compacted.
    let cleanedOffset: Int64
}

/// Keeps the checkpoint files of the log directories: what is below a recovery point need not be read at the next start.
/// Written at most every 200 ms while something moved, and synced every five seconds.
final class CheckpointKeeper {
    private static let writeInterval = Interval.milliseconds(200)
    private static let syncInterval = Interval.seconds(5)

    private struct Offsets {
        var recoveryPoints: [TopicPartition: Int64]
        var logStartOffsets: [TopicPartition: Int64]
        var highWatermarks: [TopicPartition: Int64] = [:]
        var cleanedOffsets: [TopicPartition: Int64]
        var isDirty = false
        /// Whether files that say all of this would survive a power loss.
        var isSynced = true
        /// Whether what was forgotten may still be on the disk after a power loss.
        var hasToBeSynced = false

        var partitions: Set<TopicPartition> {
            Set(recoveryPoints.keys).union(logStartOffsets.keys).union(cleanedOffsets.keys)
        }

        mutating func changed() { (isDirty, isSynced) = (true, false) }
    }

    private let context: BrokerContext
    private var directories: [Offsets]
    private var lastWrite = MonotonicTime(nanoseconds: 0)
    private var lastSync = MonotonicTime(nanoseconds: 0)
    /// Whether the last write of a directory's files failed, which was said then.
    private var failed: Set<Int> = []
    /// Where it failed for want of room.
    private(set) var fullDirectories: Set<Int> = []
    private let log = Logger(label: "log")

    init(context: BrokerContext) {
        self.context = context
        directories = context.directories.map {
            Offsets(
                recoveryPoints: $0.recoveryPoints, logStartOffsets: $0.logStartOffsets,
                cleanedOffsets: $0.cleanedOffsets)
        }
    }

    func note(_ entries: [CheckpointEntry]) {
        for entry in entries {
            let directory = entry.directory
            directories[directory].recoveryPoints[entry.id] = entry.recoveryPoint
            directories[directory].highWatermarks[entry.id] = entry.highWatermark
            directories[directory].cleanedOffsets[entry.id] = entry.cleanedOffset > 0 ? entry.cleanedOffset : nil
            // As in Kafka: a start that the first segment's name tells is not noted.
            let isTold = entry.logStartOffset <= entry.firstSegmentOffset
            directories[directory].logStartOffsets[entry.id] = isTold ? nil : entry.logStartOffset
            directories[directory].changed()
        }
    }

    func forget(_ id: TopicPartition, directory: Int) {
        directories[directory].recoveryPoints[id] = nil
        directories[directory].highWatermarks[id] = nil
        directories[directory].cleanedOffsets[id] = nil
        directories[directory].logStartOffsets[id] = nil
        directories[directory].changed()
        directories[directory].hasToBeSynced = true
    }

    /// Forgets partitions that are not where the files say, such as those of a topic that was deleted just before a crash: a
    /// new one of the same name would be opened by the offsets of the old.
    ///
    /// - Returns: the names of the topics, and the directories that spoke of them.
    func forgetStrays(of image: ClusterImage) -> (names: Set<String>, directories: Set<Int>) {
        var strays: (names: Set<String>, directories: Set<Int>) = ([], [])
        for index in directories.indices {
            for id in directories[index].partitions {
                if let topic = image.topics[id.topic], context.directory(of: id, topicID: topic.id) == index {
                    continue
                }
                forget(id, directory: index)
                strays.names.insert(id.topic)
                strays.directories.insert(index)
            }
        }
        return strays
    }

    /// Whether a restart finds all that was noted of the directory, whatever befell the files of others.
    func isKept(_ directory: Int) -> Bool { directories[directory].isSynced }

    func writeIfDue(now: MonotonicTime) {
        guard now - lastWrite >= CheckpointKeeper.writeInterval else { return }
        let sync = now - lastSync >= CheckpointKeeper.syncInterval
        write(sync: sync)
        lastWrite = now
        if sync { lastSync = now }
    }

    /// What cannot be written is due again.
    func write(sync: Bool) {
        for index in directories.indices where directories[index].isDirty || sync && !directories[index].isSynced {
            let path = context.directories[index].path
            let offsets = directories[index]
            let sync = sync || offsets.hasToBeSynced
            do throws(FileError) {
                try OffsetCheckpoint.recoveryPoint.write(
                    offsets.recoveryPoints, in: path, context.fileSystem, sync: sync)
                try OffsetCheckpoint.logStartOffset.write(
                    offsets.logStartOffsets, in: path, context.fileSystem, sync: sync)
                try OffsetCheckpoint.highWatermark.write(
                    offsets.highWatermarks, in: path, context.fileSystem, sync: sync)
                try OffsetCheckpoint.cleaner.write(
                    offsets.cleanedOffsets, in: path, context.fileSystem, sync: sync)
                directories[index].isDirty = false
                directories[index].hasToBeSynced = false
                if sync { directories[index].isSynced = true }
                failed.remove(index)
                fullDirectories.remove(index)
            } catch {
                if error.isOutOfSpace { fullDirectories.insert(index) } else { fullDirectories.remove(index) }
                guard failed.insert(index).inserted else { continue }
                log.warning(
                    "checkpoints were not written: the next start reads more",
                    metadata: ["directory": "\(path)", "error": "\(error)"])
            }
        }
    }
}
