import Bytes
import KafkaProtocol
import Runtime

/// A produce request that is not answered yet.
struct PendingProduce {
    let number: UInt64
    let correlationID: Int32
    let version: Int16
    let times: RequestTimes
    /// When the client gave up waiting; its unfinished partitions are answered REQUEST_TIMED_OUT then.
    let deadline: MonotonicTime
    var topics: [ProducedTopic]
    var partitions: [ProducedPartition]
    /// Partitions whose outcome is not known yet.
    var unfinished: Int
    /// For how long the client was told to pause.
    var throttleMs: Int32 = 0

    /// Changes a partition that is waited for. Whether it was the last one.
    mutating func change(_ slot: Int, _ body: (inout ProducedPartition) -> Void) -> Bool {
        guard partitions[slot].isWaiting else { return false }
        body(&partitions[slot])
        if partitions[slot].isWaiting { return false }
        unfinished -= 1
        return unfinished == 0
    }

    mutating func timeOut() {
        for index in partitions.indices where partitions[index].isWaiting {
            partitions[index].fail(.requestTimedOut)
        }
        unfinished = 0
    }

    func encode(into output: inout ByteWriter) throws(EncodeError) {
        var writer = ProduceResponseWriter(version: version, topicCount: topics.count, into: &output)
        var next = 0
        for topic in topics {
            topic.name.withUnsafeBytes { name in
                writer.beginTopic(name: name, topicId: topic.id, partitionCount: topic.partitionCount, into: &output)
            }
            for partition in partitions[next..<next + topic.partitionCount] {
                try writer.partition(partition.row, into: &output)
            }
            writer.endTopic(into: &output)
            next += topic.partitionCount
        }
        try writer.end(throttleTimeMs: throttleMs, into: &output)
    }
}

/// A topic of a produce answer.
struct ProducedTopic {
    /// Zero where the client named a topic that is not known.
    let id: UUID
    /// In UTF-8; empty where the client named an id that is not known.
    let name: [UInt8]
    /// Its partitions follow one another in the answer.
    var partitionCount = 0

    init(id: UUID, name: [UInt8]) {
        self.id = id
        self.name = name
    }
}

/// One partition of a produce answer.
struct ProducedPartition: Sendable {
    var index: Int32
    var error: ErrorCode = .none
    var baseOffset: Int64 = -1
    var logAppendTimeMs: Int64 = -1
    var logStartOffset: Int64 = -1
    var isWaiting = false
    var details: ProduceErrorDetails?

    var row: ProduceResponsePartition {
        ProduceResponsePartition(
            index: index, errorCode: error, baseOffset: baseOffset, logAppendTimeMs: logAppendTimeMs,
            logStartOffset: logStartOffset, recordErrors: details?.recordErrors ?? [], errorMessage: details?.message)
    }

    mutating func fail(_ error: ErrorCode) {
        self.error = error
        baseOffset = -1
        logAppendTimeMs = -1
        isWaiting = false
    }
}

/// What else is said about a rejected batch. A class, so that the many answers without it stay small.
final class ProduceErrorDetails: Sendable {
    let message: String?
    let recordErrors: [ProduceResponsePartition.RecordError]

    init(message: String?, recordErrors: [ProduceResponsePartition.RecordError] = []) {
        self.message = message
        self.recordErrors = recordErrors
    }
}
