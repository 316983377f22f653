#if PLANTED_BUGS
import Synchronization
#endif

/// A mistake that a build with the flag `PLANTED_BUGS` makes where it is told to, one at a time, to show that the simulation
/// would find it: see `make planted`. In every other build none is ever on, and the compiler leaves nothing of the question.
public enum PlantedBug: CaseIterable, Sendable {
    // The log
    case acknowledgedBeforeSync
    case rollOvertakesSync
    case namesNotSynced
    case recoveryPointAheadOfSync
    case failedSyncForgotten
    case closedBeforeLastSync
    case cleanMarkerComesBack
    case leaderEpochsNotStored
    case producerSnapshotNotSynced
    case sequenceNotChecked
    case duplicateNotRecognised
    case failedWriteKeepsProducers
    case retentionOvertakesStart
    // Its recovery
    case tailTrustedUnchecked
    case indexTrustedUnchecked
    case producersNotRestored
    case recoveredTailNotSynced
    // Compaction
    case cleanedSegmentNotSynced
    case compactionForgetsProducers
    // The leader, and the sync rounds
    case highWatermarkAheadOfSync
    case failedRoundForgotten
    case manyFilesNotSynced
    // The metadata
    case journalNotSynced
    case journalTailTrustedUnchecked
    case metadataSnapshotNotSynced
    case metadataNamesNotSynced
    case controllerEpochNotStored
}

#if PLANTED_BUGS
extension PlantedBug {
    private static let planted = Mutex<PlantedBug?>(nil)

    /// Turns one on, in the place of the one that was on before; nil turns it off.
    public static func plant(_ bug: PlantedBug?) { planted.withLock { $0 = bug } }

    public var isOn: Bool { PlantedBug.planted.withLock { $0 == self } }
}
#else
extension PlantedBug {
    @inlinable @inline(__always)
    public var isOn: Bool { false }
}
#endif
