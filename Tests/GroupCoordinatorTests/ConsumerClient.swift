import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

/// A member of the consumer protocol, as a well-behaved client is one.
final class ConsumerClient {
    let bench: GroupBench
    let group: String
    let id: String
    let instance: String?
    private(set) var epoch: Int32 = 0
    private(set) var owned: PartitionSet = [:]
    /// Partitions that it was told to give up, in all.
    private(set) var revoked = 0

    init(_ bench: GroupBench, _ id: String, group: String = "g", instance: String? = nil) {
        self.bench = bench
        self.group = group
        self.id = id
        self.instance = instance
    }

    var count: Int { owned.partitionCount }

    func request(_ change: (inout ConsumerGroupHeartbeatRequest) -> Void = { _ in }) -> ConsumerGroupHeartbeatRequest {
        var request = ConsumerGroupHeartbeatRequest()
        request.groupId = group
        request.memberId = id
        request.memberEpoch = epoch
        request.instanceId = instance
        change(&request)
        return request
    }

    func joinRequest(
        _ topics: [String]?, pattern: String? = nil, assignor: String? = nil
    ) -> ConsumerGroupHeartbeatRequest {
        request {
            $0.memberEpoch = 0
            $0.rebalanceTimeoutMs = 10_000
            $0.topicPartitions = []
            $0.subscribedTopicNames = topics
            $0.subscribedTopicRegex = pattern
            $0.serverAssignor = assignor
        }
    }

    @discardableResult
    func send(_ request: ConsumerGroupHeartbeatRequest, version: Int16 = 1) throws -> ConsumerGroupHeartbeatResponse {
        let client = GroupClient(version: version, clientID: "client", host: "/127.0.0.1")
        guard case .consumerGroupHeartbeat(let response)? = try bench.ask(.consumerGroupHeartbeat(request, client))
        else { throw BenchError.noAnswer }
        if response.errorCode == 0 { adopt(response) }
        return response
    }

    private func adopt(_ response: ConsumerGroupHeartbeatResponse) {
        epoch = response.memberEpoch
        guard let assignment = response.assignment else { return }
        var next: PartitionSet = [:]
        for row in assignment.topicPartitions { next[row.topicId] = Set(row.partitions) }
        revoked += owned.subtracting(next).partitionCount
        owned = next
    }

    @discardableResult
    func join(
        _ topics: [String]?, pattern: String? = nil, assignor: String? = nil
    ) throws -> ConsumerGroupHeartbeatResponse {
        try send(joinRequest(topics, pattern: pattern, assignor: assignor))
    }

    /// Says what it has.
    @discardableResult
    func beat() throws -> ConsumerGroupHeartbeatResponse {
        try send(
            request { request in
                request.topicPartitions = owned.map { topic, partitions in
                    var row = ConsumerGroupHeartbeatRequest.TopicPartitions()
                    (row.topicId, row.partitions) = (topic, partitions.sorted())
                    return row
                }
            })
    }

    @discardableResult
    func leave(epoch: Int32 = -1) throws -> ConsumerGroupHeartbeatResponse {
        try send(request { $0.memberEpoch = epoch })
    }

    /// Goes on without telling anybody.
    func forget() {
        epoch = 0
        owned = [:]
    }
}

extension GroupBench {
    /// Heartbeats in turn, a second apart, until all members have what they should. No partition is ever with two of them.
    func settle(_ clients: [ConsumerClient], sourceLocation: SourceLocation = #_sourceLocation) throws {
        for _ in 0..<50 {
            for client in clients {
                let response = try client.beat()
                #expect(response.errorCode == 0, "\(response.errorMessage ?? "")", sourceLocation: sourceLocation)
                var all: Set<TopicIDPartition> = []
                for (topic, partitions) in clients.flatMap({ $0.owned }) {
                    for partition in partitions {
                        let isNew = all.insert(TopicIDPartition(topic: topic, partition: partition)).inserted
                        #expect(isNew, "two members have a partition", sourceLocation: sourceLocation)
                    }
                }
            }
            try pass(1_000)
            if let first = clients.first, group(first.group)?.state == .stable { return }
        }
        Issue.record("the group does not settle", sourceLocation: sourceLocation)
    }
}
