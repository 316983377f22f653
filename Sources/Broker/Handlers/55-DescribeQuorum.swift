import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Runtime

/// DescribeQuorum, versions 0 to 2, flexible. 1 times of replicas; 2 directories, addresses and error texts.
///
/// The metadata has one voter, which is this broker.
enum DescribeQuorumHandler {
    typealias Row = DescribeQuorumResponse.PartitionData

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(DescribeQuorumRequest.self, maximumElements: RequestLimits.settings)
        let shard = session.shard
        var response = DescribeQuorumResponse()
        response.topics = body.topics.map { topic in
            var row = DescribeQuorumResponse.TopicData()
            row.topicName = topic.topicName
            row.partitions = topic.partitions.map { partition in
                let isMetadata = topic.topicName == TopicName.clusterMetadata && partition.partitionIndex == 0
                return isMetadata ? describe(shard, request.version) : unknown(partition.partitionIndex)
            }
            return row
        }
        if request.version >= 2, response.topics.contains(where: { $0.partitions.contains { $0.errorCode == 0 } }) {
            response.nodes = [node(shard)]
        }
        session.answer(request.reply, response)
    }

    private static func describe(_ shard: BrokerShard, _ version: Int16) -> Row {
        let position = shard.image.position
        var voter = DescribeQuorumResponse.ReplicaState()
        voter.replicaId = shard.context.nodeID
        if version >= 2 { voter.replicaDirectoryId = shard.context.directories[0].id }
        voter.logEndOffset = position.offset + 1
        voter.lastFetchTimestamp = shard.loop.wallClockMs
        voter.lastCaughtUpTimestamp = voter.lastFetchTimestamp
        var row = Row()
        row.leaderId = shard.context.nodeID
        row.leaderEpoch = position.controllerEpoch
        row.highWatermark = position.offset + 1
        row.currentVoters = [voter]
        return row
    }

    private static func unknown(_ index: Int32) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
        row.errorMessage = "This server does not host this topic-partition."
        return row
    }

    private static func node(_ shard: BrokerShard) -> DescribeQuorumResponse.Node {
        var node = DescribeQuorumResponse.Node()
        node.nodeId = shard.context.nodeID
        let endpoints = shard.image.brokers[shard.context.nodeID]?.registration.endpoints ?? []
        node.listeners = endpoints.map { endpoint in
            var listener = DescribeQuorumResponse.Listener()
            listener.name = endpoint.listener
            listener.host = endpoint.host
            listener.port = endpoint.port
            return listener
        }
        return node
    }
}
