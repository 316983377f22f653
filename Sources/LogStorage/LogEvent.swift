/// Something that the owner of a log should tell its operator.
public enum LogEvent: Sendable, Equatable {
    public enum Level: Sendable {
        case info, warning, error
    }

    /// A file that an interrupted operation had left was removed.
    case leftoverRemoved(name: String)
    /// An interrupted replacement of segments was completed.
    case swapCompleted(baseOffset: Int64)
    /// An index was missing, or did not fit its log.
    case indexRebuilt(baseOffset: Int64)
    /// A small file was missing or could not be read, and was made anew from the log.
    case fileRebuilt(name: String)
    /// Past the recovery point, the end of the log was no whole batch, and was cut. It is kept in the named file unless it
    /// was empty. With a valid batch behind, more than one interrupted write must have gone wrong.
    case tailCut(offset: Int64, bytes: Int64, keptAs: String?, hasValidBatchBehind: Bool)
    /// Below the recovery point, these offsets are damaged. The rest of the log is readable.
    case damaged(offsets: Range<Int64>, bytes: Int64)
    /// The log ends before the offset up to which it had been synced.
    case endsBeforeRecoveryPoint(end: Int64, recoveryPoint: Int64)
    /// The log had been synced beyond its start, and ends before it: its end is lost. It begins anew at its start.
    case endsBeforeStart(end: Int64, start: Int64)
    /// The log start checkpoint has an offset that the log never reached; the log starts here.
    case startNotBelieved(checkpointed: Int64, end: Int64, start: Int64)
    /// The log start checkpoint was not there or could not be read: the leader epochs told the start.
    case startTakenFromEpochs(start: Int64)
    case recovered(start: Int64, end: Int64, checkedBytes: Int64)

    public var level: Level {
        switch self {
        case .recovered: .info
        case .leftoverRemoved, .swapCompleted, .indexRebuilt, .fileRebuilt, .startTakenFromEpochs: .warning
        case .tailCut(_, _, _, let hasValidBatchBehind): hasValidBatchBehind ? .error : .warning
        case .damaged, .endsBeforeRecoveryPoint, .endsBeforeStart, .startNotBelieved: .error
        }
    }
}

extension LogEvent: CustomStringConvertible {
    public var description: String {
        switch self {
        case .leftoverRemoved(let name): "removed leftover file=\(name)"
        case .swapCompleted(let base): "completed replacement of segment=\(base)"
        case .indexRebuilt(let base): "rebuilt the indexes of segment=\(base)"
        case .fileRebuilt(let name): "rebuilt file=\(name)"
        case .tailCut(let offset, let bytes, let name, let isValid):
            "cut the end of the log offset=\(offset) bytes=\(bytes) kept=\(name ?? "nothing") valid-batch-behind=\(isValid)"
        case .damaged(let offsets, let bytes):
            "damaged records from=\(offsets.lowerBound) to=\(offsets.upperBound) bytes=\(bytes)"
        case .endsBeforeRecoveryPoint(let end, let recoveryPoint):
            "log ends before its recovery point end=\(end) recovery-point=\(recoveryPoint)"
        case .endsBeforeStart(let end, let start): "log ends before its start end=\(end) start=\(start)"
        case .startNotBelieved(let checkpointed, let end, let start):
            "the log start checkpoint is wrong checkpointed=\(checkpointed) end=\(end) start=\(start)"
        case .startTakenFromEpochs(let start): "took the log start from the leader epochs start=\(start)"
        case .recovered(let start, let end, let bytes): "recovered start=\(start) end=\(end) checked-bytes=\(bytes)"
        }
    }
}
