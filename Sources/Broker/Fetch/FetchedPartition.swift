import KafkaProtocol
import LogStorage
import Replication

/// What a fetch says about one partition: an error, or the marks and the place of the records.
///
/// The records themselves are not copied before the answer is written.
struct FetchedPartition: Sendable {
    var error: ErrorCode = .none
    var highWatermark: Int64 = -1
    var lastStableOffset: Int64 = -1
    var logStartOffset: Int64 = -1
    var records: FetchedRecords?
    /// nil unless the client reads committed records only.
    var abortedTransactions: [AbortedTransaction]?
    var divergingEpoch: (epoch: Int32, endOffset: Int64)?
    /// There was something to read, but no room for it in the answer.
    var wasLeftOut = false

    init() {}

    init(error: ErrorCode) { self.error = error }

    /// The answer for a partition that was not even looked at: Kafka gives these an empty list where others have null.
    init(unread error: ErrorCode) {
        self.error = error
        abortedTransactions = []
    }

    var byteCount: Int { records?.byteCount ?? 0 }
}

/// The place of fetched records.
enum FetchedRecords: Sendable {
    case file(LogRead)
    case memory(TailRead)

    var byteCount: Int {
        switch self {
        case .file(let read): read.count
        case .memory(let read): read.byteCount
        }
    }
}

/// How a fetch reads.
struct FetchOptions: Sendable {
    var version: Int16
    /// Transactions that are not decided yet, and those that were aborted, are hidden.
    var readsCommitted: Bool
    /// Negative for a consumer.
    var replicaID: Int32
}
