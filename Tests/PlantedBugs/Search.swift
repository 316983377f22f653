import Files
import Glibc
import Simulator

/// Runs of one model, by their seeds.
enum Model: String, CaseIterable {
    case log
    case partitions
    case compaction
    case metadata

    /// The first failure of the run with this seed, after how many lives it was met, and what had been done.
    func failure(of seed: UInt64) throws -> Failure? {
        switch self {
        case .log: try failure(in: LogModelRun(seed: seed))
        case .partitions: try failure(in: PartitionModelRun(seed: seed))
        case .compaction: try failure(in: CompactionModelRun(seed: seed))
        case .metadata: try failure(in: StoreModelRun(seed: seed))
        }
    }

    private func failure<Run: ModelRun>(in fresh: Run) throws -> Failure? {
        var run = fresh
        for life in 1...Run.lives {
            do {
                try run.live()
            } catch let failure as ModelFailure {
                return Failure(lives: life, description: failure.description, trace: run.trace)
            }
        }
        return nil
    }
}

struct Failure {
    var lives: Int
    var description: String
    var trace: [String]
}

/// Where a bug was met first.
struct Finding {
    var seed: UInt64
    var runs: Int
    /// Of the processor, in seconds.
    var time: Double
    var failure: Failure
}

/// Runs seed after seed with a bug planted, until the model fails or the time is up.
func search(_ bug: PlantedBug, from first: UInt64, limit: Double) throws -> Finding? {
    #if PLANTED_BUGS
    PlantedBug.plant(bug)
    defer { PlantedBug.plant(nil) }
    #endif
    let start = processorTime()
    var runs = 0
    while processorTime() - start < limit {
        let seed = first &+ UInt64(runs)
        runs += 1
        if let failure = try bug.model.failure(of: seed) {
            return Finding(seed: seed, runs: runs, time: processorTime() - start, failure: failure)
        }
    }
    return nil
}

/// Seconds that this process has had of the processor.
private func processorTime() -> Double { Double(clock()) / 1_000_000 }

extension PlantedBug {
    /// The model that is to find it.
    var model: Model {
        switch self {
        case .acknowledgedBeforeSync, .rollOvertakesSync, .namesNotSynced, .recoveryPointAheadOfSync,
            .failedSyncForgotten, .closedBeforeLastSync, .cleanMarkerComesBack, .leaderEpochsNotStored,
            .producerSnapshotNotSynced, .sequenceNotChecked, .duplicateNotRecognised, .failedWriteKeepsProducers,
            .retentionOvertakesStart, .tailTrustedUnchecked, .indexTrustedUnchecked, .producersNotRestored,
            .recoveredTailNotSynced:
            .log
        case .cleanedSegmentNotSynced, .compactionForgetsProducers: .compaction
        case .highWatermarkAheadOfSync, .failedRoundForgotten, .manyFilesNotSynced: .partitions
        case .journalNotSynced, .journalTailTrustedUnchecked, .metadataSnapshotNotSynced, .metadataNamesNotSynced,
            .controllerEpochNotStored:
            .metadata
        }
    }
}
