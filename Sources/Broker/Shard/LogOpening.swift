import Bytes
import Files
import LogStorage

/// The opening of one partition's log, for the blocking pool.
struct LogOpening: Sendable {
    let topicID: UUID
    let id: TopicPartition
    let directory: Int
    let configuration: LogConfiguration

    init(_ opening: PartitionOpening, place: Int, configuration: LogConfiguration) {
        topicID = opening.topicID
        id = opening.id
        directory = place
        self.configuration = configuration
    }

    func run(_ context: BrokerContext, now: Int64) -> OpenedLog {
        let outcome: Result<RecoveredLog, FileError>
        do throws(FileError) {
            outcome = .success(
                try context.directories[directory].recover(
                    id, topicID: topicID, configuration: configuration, context.fileSystem, now: now))
        } catch {
            outcome = .failure(error)
        }
        return OpenedLog(
            topicID: topicID, id: id, directory: directory, fileDeleteDelayMs: configuration.fileDeleteDelayMs,
            outcome: outcome)
    }
}

/// What came of a `LogOpening`.
struct OpenedLog: Sendable {
    let topicID: UUID
    let id: TopicPartition
    let directory: Int
    let fileDeleteDelayMs: Int64
    let outcome: Result<RecoveredLog, FileError>
}
