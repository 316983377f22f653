import Bytes
import DiskScheduler
import Files
import LogStorage
import Logging
import Metadata
import Replication
import Runtime

/// Deleted topics. Nothing is opened until the files of a removed partition have another name and no checkpoint speaks of
/// it: a new topic of the same name gets neither.
extension BrokerShard {
    func removeTopic(_ id: UUID) {
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
        openings.beginRemoval()
        let retire = { [self] in
            let late = openings.takeOrphans(of: id)
            disk.retire(removed) { [self] in delete(removed.map(RemovedPartition.init) + late) }
        }
        compactor.end(id) { [self] in if openings.isRunning { openings.whenNoneRuns(retire) } else { retire() } }
    }

    /// Renames the directories on the blocking pool, has the checkpoints forget them, and removes them later.
    func delete(_ removed: [RemovedPartition]) {
        guard !removed.isEmpty else { return removalEnded() }
        let context = context
        runOnPool({ removed.map { $0.rename(context) } }) { [self] outcomes in
            for (partition, outcome) in zip(removed, outcomes) {
                switch outcome {
                case .success(let path): scheduleDeletion(of: path, partition)
                case .failure(let error):
                    log.warning(
                        "a deleted topic's files are left",
                        metadata: ["partition": "\(partition.id)", "error": "\(error)"])
                }
            }
            let home = peers[index]
            openings.beginForgetting()
            control?.post(
                .forget(removed.map { ($0.id, $0.directory) }) { home.post(.call { $0.forgot() }) })
        }
    }

    private func scheduleDeletion(of path: String, _ partition: RemovedPartition) {
        let directory = context.directories[partition.directory].directory
        loop.schedule(after: .milliseconds(partition.fileDeleteDelayMs)) { [weak self] in
            self?.runOnPool({ try? directory.removeDeleted(path) }, then: { _ in })
        }
    }

    private func forgot() {
        openings.endForgetting()
        removalEnded()
    }

    func removalEnded() {
        openings.endRemoval()
        openMore()
    }
}

/// A partition whose topic is gone.
struct RemovedPartition: Sendable {
    let id: TopicPartition
    let topicID: UUID
    let directory: Int
    let fileDeleteDelayMs: Int64

    func rename(_ context: BrokerContext) -> Result<String, FileError> {
        do throws(FileError) {
            return .success(try context.directories[directory].directory.deletePartition(id, token: topicID))
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
