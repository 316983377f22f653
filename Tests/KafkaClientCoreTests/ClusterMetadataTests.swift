import Bytes
import KafkaProtocol
import Testing

@testable import KafkaClientCore

struct ClusterMetadataTests {
    private static let first = UUID(high: 1, low: 1)
    private static let second = UUID(high: 1, low: 2)

    private func response(
        _ topics: [(name: String, id: UUID, error: ErrorCode, leaders: [(node: Int32, epoch: Int32)])],
        brokers: [Int32] = [1, 2]
    ) -> MetadataResponse {
        var response = MetadataResponse()
        response.controllerId = 2
        response.brokers = brokers.map { node in
            var broker = MetadataResponse.MetadataResponseBroker()
            (broker.nodeId, broker.host, broker.port) = (node, "b\(node)", 9092)
            return broker
        }
        response.topics = topics.map { entry in
            var topic = MetadataResponse.MetadataResponseTopic()
            (topic.name, topic.topicId, topic.errorCode) = (entry.name, entry.id, entry.error.rawValue)
            topic.partitions = entry.leaders.enumerated().map { index, leader in
                var partition = MetadataResponse.MetadataResponsePartition()
                partition.partitionIndex = Int32(index)
                (partition.leaderId, partition.leaderEpoch) = leader
                return partition
            }
            return topic
        }
        return response
    }

    private let orders = TopicPartition(topic: "orders", partition: 0)

    @Test func leadersComeWithTheirAddress() {
        var cluster = ClusterMetadata()
        cluster.update(with: response([("orders", Self.first, .none, [(2, 5), (-1, 5), (9, 5)])]))
        #expect(cluster.leader(of: orders)?.endpoint == BrokerEndpoint(host: "b2", port: 9092))
        #expect(cluster.leader(of: TopicPartition(topic: "orders", partition: 1)) == nil)
        #expect(cluster.leader(of: TopicPartition(topic: "orders", partition: 2)) == nil)
        #expect(cluster.leader(of: TopicPartition(topic: "orders", partition: 3)) == nil)
        #expect(cluster.topicName(Self.first) == "orders")
        #expect(cluster.controllerId == 2)
    }

    @Test func aBrokerThatLagsBehindDoesNotBringBackAnOldLeader() {
        var cluster = ClusterMetadata()
        cluster.update(with: response([("orders", Self.first, .none, [(2, 5)])]))
        cluster.update(with: response([("orders", Self.first, .none, [(1, 4)])]))
        #expect(cluster.partition(orders)?.leader == 2)
        cluster.update(with: response([("orders", Self.first, .none, [(1, 6)])]))
        #expect(cluster.partition(orders)?.leader == 1)
    }

    @Test func aTopicThatWasMadeAnewStartsAnew() {
        var cluster = ClusterMetadata()
        cluster.update(with: response([("orders", Self.first, .none, [(2, 5)])]))
        cluster.update(with: response([("orders", Self.second, .none, [(1, 0)])]))
        #expect(cluster.partition(orders)?.leader == 1)
        #expect(cluster.topicName(Self.first) == nil)
        #expect(cluster.topicName(Self.second) == "orders")
    }

    @Test func errorsAreKeptAndADeletedTopicIsForgotten() {
        var cluster = ClusterMetadata()
        cluster.update(with: response([("orders", Self.first, .none, [(2, 5)])]))
        cluster.update(with: response([("orders", .zero, .leaderNotAvailable, [])]))
        #expect(cluster.topicErrors["orders"] == .leaderNotAvailable)
        #expect(cluster.topics["orders"] != nil)
        cluster.update(with: response([("orders", .zero, .unknownTopicOrPartition, [])]))
        #expect(cluster.topics["orders"] == nil)
        #expect(cluster.topicName(Self.first) == nil)
        cluster.update(with: response([("orders", Self.second, .none, [(1, 0)])]))
        #expect(cluster.topicErrors["orders"] == nil)
    }

    @Test func aLeaderNamedInAResponseIsTakenWhenItIsNews() {
        var cluster = ClusterMetadata()
        cluster.update(with: response([("orders", Self.first, .none, [(2, 5)])]))
        let isOldNews = cluster.update(orders, leader: 1, leaderEpoch: 5)
        let isNews = cluster.update(orders, leader: 1, leaderEpoch: 6)
        #expect(!isOldNews && isNews)
        #expect(cluster.partition(orders)?.leader == 1)
        let isKnown = cluster.update(TopicPartition(topic: "none", partition: 0), leader: 1, leaderEpoch: 6)
        #expect(!isKnown)
    }
}
