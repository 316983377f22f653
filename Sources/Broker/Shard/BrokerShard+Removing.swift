import Bytes
import DiskScheduler
import Files
import LogStorage
import Logging
import Metadata
import Replication
import Runtime

/// Deleted topics. Who deletes one is answered when its partitions are closed and their directories renamed. Nothing is
/// opened under its name until that is so on all shards and no checkpoint speaks of it: a new topic of the same name gets
/// neither the files nor the offsets of the old one.
extension BrokerShard {
    /// Ends the partitions of the topics that an update removes.
    func removeTopics(of update: MetadataUpdate) -> TopicRemoval {
        let removal = TopicRemoval()
        let names = update.forgottenNames.union(update.delta.removedTopics.values)
        guard !names.isEmpty else { return removal }
        for name in names { openings.hold(name) }
        openings.beginInterruption()
        for id in update.delta.removedTopics.keys { remove(id, for: removal) }
        let home = peers[index]
        removal.then { [self] in
            openings.endInterruption()
            control?.post(
                .removed(update: update.number, removal.partitions) { state in
                    home.post(.call { $0.removal(of: names, state) })
                })
        }
        return removal
    }

    private func remove(_ id: UUID, for removal: TopicRemoval) {
        guard let entry = topics.remove(id) else { return }
        topicSeries.remove(entry.metrics)
        var removed: [LocalPartition] = []
        for index in entry.partitions.indices {
            guard let local = entry.partitions[index].partition else { continue }
            entry.partitions[index].partition = nil
            local.close()
            partitionsPerDirectory[local.directory] -= 1
            removed.append(local)
        }
        removal.begin()
        compactor.end(id) { [self] in
            whenSettled(id) { [self] in
                let late = openings.takeOrphans(of: id)
                disk.retire(removed) { [self] in rename(removed.map(RemovedPartition.init) + late, for: removal) }
            }
        }
    }

    /// Runs `action` when no partition of the topic is being opened or exchanged.
    private func whenSettled(_ topicID: UUID, _ action: @escaping () -> Void) {
        if let move = moves.values.first(where: { $0.isClosed && $0.local.partition.topicID == topicID }) {
            move.whenEnded.append { [self] in whenSettled(topicID, action) }
        } else if openings.isRunning {
            openings.whenNoneRuns { [self] in whenSettled(topicID, action) }
        } else {
            action()
        }
    }

    /// Renames the directories on the blocking pool, and removes them later.
    private func rename(_ partitions: [RemovedPartition], for removal: TopicRemoval) {
        guard !partitions.isEmpty else { return removal.end([]) }
        let context = context
        runOnPool({ partitions.map { $0.rename(context) } }) { [self] outcomes in
            for (partition, outcome) in zip(partitions, outcomes) {
                switch outcome {
                case .success(let path?): scheduleDeletion(of: path, partition)
                case .success(nil): break
                case .failure(let error):
                    log.warning(
                        "a deleted topic's files are left",
                        metadata: ["partition": "\(partition.id)", "error": "\(error)"])
                }
            }
            removal.end(partitions.map { ($0.id, $0.directory) })
        }
    }

    private func scheduleDeletion(of path: String, _ partition: RemovedPartition) {
        let directory = context.directories[partition.directory].directory
        removeLater(in: partition.directory, after: partition.fileDeleteDelayMs) {
            do throws(FileError) {
                try directory.removeDeleted(path)
                return nil
            } catch {
                return error
            }
        }
    }

    /// How the removal of topics with these names goes on when all shards have done their part.
    private func removal(of names: Set<String>, _ state: RemovalState) {
        switch state {
        case .forgotten: for name in names { release(name) }
        case .remembered(let fullDirectories):
            for directory in fullDirectories { makeRoom(in: directory) }
            for name in names {
                for opening in openings.stick(name) { goOffline(opening) }
            }
        }
        openMore()
    }

    /// Opens what waited for the name.
    func release(_ name: String) {
        let failed = openings.release(name)
        if failed > 0 { context.status.opened(logs: 0, failed: -failed) }
    }

    /// A new partition has to wait for the checkpoints to forget an old one of its name.
    func goOffline(_ opening: PartitionOpening) {
        context.status.opened(logs: 0, failed: 1)
        topics[opening.topicID]?.goOffline(opening.id.partition)
        log.error(
            "a partition cannot be opened until the checkpoints have forgotten another one of its name",
            metadata: ["topic": "\(opening.id.topic)", "partition": .init(opening.id.partition)])
    }
}

/// What one shard does to remove the topics of one metadata update.
final class TopicRemoval {
    /// Those whose directories have other names now.
    private(set) var partitions: [(TopicPartition, directory: Int)] = []
    private var missing = 0
    private var waiting: [() -> Void] = []

    /// Runs `action` when all topics that have begun are removed, behind what was given here before.
    func then(_ action: @escaping () -> Void) {
        if missing == 0 { action() } else { waiting.append(action) }
    }

    /// The removal of one topic begins.
    func begin() { missing += 1 }

    /// That of one topic has ended.
    func end(_ partitions: [(TopicPartition, directory: Int)]) {
        self.partitions += partitions
        missing -= 1
        guard missing == 0 else { return }
        let actions = waiting
        waiting.removeAll()
        for action in actions { action() }
    }
}

/// A partition whose topic is gone.
struct RemovedPartition: Sendable {
    let id: TopicPartition
    let topicID: UUID
    let directory: Int
    let fileDeleteDelayMs: Int64

    /// Gives the directory a name by which it can be removed later; where there is no room for a name, removes it.
    ///
    /// - Returns: that name; nil if there is nothing left.
    func rename(_ context: BrokerContext) -> Result<String?, FileError> {
        let directory = context.directories[directory].directory
        do throws(FileError) {
            return .success(try directory.deletePartition(id, token: topicID))
        } catch {
            guard error.isOutOfSpace else { return .failure(error) }
        }
        do throws(FileError) {
            try directory.removePartition(id)
            return .success(nil)
        } catch {
            return .failure(error)
        }
    }
}

extension RemovedPartition {
    init(_ local: LocalPartition) {
        self.init(
            id: local.partition.id, topicID: local.partition.topicID, directory: local.directory,
            fileDeleteDelayMs: local.rules.log.fileDeleteDelayMs)
    }

    /// One whose log was being opened when its topic was deleted.
    init(_ opened: OpenedLog) {
        self.init(
            id: opened.id, topicID: opened.topicID, directory: opened.directory,
            fileDeleteDelayMs: opened.fileDeleteDelayMs)
    }
}
