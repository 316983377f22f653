import Bytes
import DiskScheduler
import Files
import KafkaProtocol
import KafkaProtocolMore
import LogStorage
import Replication
import Runtime

/// DescribeLogDirs, versions 1 to 5: what partitions take on the disk, by directory. 2 flexible; 4 the space of the disks;
/// 5 whether a directory takes new partitions.
enum DescribeLogDirsHandler {
    typealias Result = DescribeLogDirsResponse.DescribeLogDirsResult

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DescribeLogDirsRequest.self, maximumElements: session.shard.requestLimits.partitions)
        let wanted = body.topics.map { topics in
            Set(
                topics.flatMap { topic in
                    topic.partitions.map { TopicPartition(topic: topic.topic, partition: $0) }
                })
        }
        let (shard, reply) = (session.shard, request.reply)
        session.beginBusy()
        shard.askEverywhere(
            { $0.storedPartitions(wanted) },
            then: { partitions in
                let directories = shard.context.directories
                let fileSystem = shard.context.fileSystem
                shard.runOnPool(
                    { directories.map { try? fileSystem.space($0.path) } },
                    then: { spaces in
                        var response = DescribeLogDirsResponse()
                        response.results = directories.indices.map { index in
                            var result = Result(partitions.joined().filter { $0.directory == index })
                            result.logDir = directories[index].path
                            if shard.disk.isFailed(index) { result.errorCode = ErrorCode.kafkaStorageError.rawValue }
                            if let space = spaces[index] { (result.totalBytes, result.usableBytes) = space }
                            result.isCordoned = shard.isCordoned(index)
                            return result
                        }
                        session.answer(reply, response)
                        session.finishBusy()
                    })
            })
    }
}

/// A partition as it lies in a directory.
struct StoredPartition: Sendable {
    let id: TopicPartition
    let directory: Int
    let size: Int64
    /// Records that a partition on its way to this directory lacks yet; nil for one that is there.
    var lag: Int64?
}

extension BrokerShard {
    /// The partitions of this shard that are named; with nil, all.
    fileprivate func storedPartitions(_ wanted: Set<TopicPartition>?) -> [StoredPartition] {
        let present = localPartitions.map { local in
            StoredPartition(id: local.partition.id, directory: local.directory, size: local.log.size)
        }
        let coming = moves.values.map { move in
            StoredPartition(
                id: move.id, directory: move.target, size: move.copy.bytes,
                lag: max(move.local.log.logEndOffset - move.copiedOffset, 0))
        }
        return (present + coming).filter { wanted?.contains($0.id) ?? true }
    }
}

extension DescribeLogDirsResponse.DescribeLogDirsResult {
    fileprivate init(_ partitions: [StoredPartition]) {
        self.init()
        topics = Dictionary(grouping: partitions, by: \.id.topic).sorted { $0.key < $1.key }.map { name, partitions in
            var topic = DescribeLogDirsResponse.DescribeLogDirsTopic()
            topic.name = name
            topic.partitions = partitions.sorted { $0.id.partition < $1.id.partition }.map { partition in
                var row = DescribeLogDirsResponse.DescribeLogDirsPartition()
                row.partitionIndex = partition.id.partition
                row.partitionSize = partition.size
                row.offsetLag = partition.lag ?? 0
                row.isFutureKey = partition.lag != nil
                return row
            }
            return topic
        }
    }
}
