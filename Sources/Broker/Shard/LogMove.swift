import Bytes
import Files
import LogStorage
import Replication
import Runtime

/// A partition on its way to another log directory.
///
/// States: *copying*, while the partition serves as ever; *closing*, when it takes no more appends until all it has is
/// durable; *closed*, when the rest is copied, the copy gets the partition's name, the original is put out of use and the
/// copy is opened. From *closing* on producers are told to ask again.
final class LogMove {
    let local: LocalPartition
    let target: Int
    var copy: LogCopy
    /// How often the copy has caught up with what there was when it began to.
    var passes = 0
    /// Bytes that it copied since the last time.
    var sweepBytes: Int64 = 0
    var isCancelled = false
    /// Whether the partition is closed; until it is open again none other is opened, and a stop of the broker waits.
    var isClosed = false
    /// What waits for the end of a closed move.
    var whenEnded: [() -> Void] = []
    /// Records below are in the copy.
    var copiedOffset: Int64

    init(_ local: LocalPartition, target: Int, copy: LogCopy) {
        self.local = local
        self.target = target
        self.copy = copy
        copiedOffset = local.log.logStartOffset
    }

    var id: TopicPartition { local.partition.id }
}

/// The end of a move, for the blocking pool.
struct LogMoveEnd: Sendable {
    let id: TopicPartition
    let topicID: UUID
    let source: BrokerDirectory
    let target: BrokerDirectory
    let future: String
    let token: UUID

    /// Gives the copy its name, then puts the original out of use. When the second fails the first is taken back. A crash
    /// between the two leaves two equal directories, of which the next start puts one aside.
    ///
    /// - Returns: the directory to be removed later.
    func exchange() throws(FileError) -> String {
        try target.directory.adopt(future, as: id)
        do throws(FileError) {
            return try source.directory.deletePartition(id, token: token)
        } catch {
            try target.directory.removeDeleted(try target.directory.deletePartition(id, token: token))
            throw error
        }
    }
}
