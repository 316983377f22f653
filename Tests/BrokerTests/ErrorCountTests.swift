import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import Broker

/// `kafka_network_requestmetrics_errors_total` beside what the answers say.
@Suite struct ErrorCountTests {
    /// Asks, and counts the errors of the answers as their client finds them.
    private struct Asker {
        let client: WireClient
        private(set) var answered: [ApiKey: [ErrorCode: Double]] = [:]

        init(_ client: WireClient) { self.client = client }

        /// Asks in the newest version, and in an older one where the answer has its errors elsewhere.
        mutating func ask<Request: KafkaRequest>(
            _: Request.Type, version: Int16? = nil, _ fill: (inout Request) -> Void = { _ in }
        ) throws {
            let version = version ?? Request.apiKey.row.versions.upperBound
            var request = Request()
            fill(&request)
            try client.ask(request, version: version).forEachError(in: version) { note(Request.apiKey, $0) }
        }

        mutating func note(_ key: ApiKey, _ error: ErrorCode) { answered[key, default: [:]][error, default: 0] += 1 }
    }

    private static func counted(_ broker: BrokerMetricsTests.Served) throws -> [String: Double] {
        try broker.samples().filter { $0.key.hasPrefix("kafka_network_requestmetrics_errors_total") }
    }

    @Test func everyAnswerIsCounted() throws {
        let broker = try BrokerMetricsTests.Served()
        let client = broker.client
        try client.createTopic("t")
        try client.findCoordinator(of: "g")
        let before = try ErrorCountTests.counted(broker)

        var asker = Asker(client)
        #expect(try client.produce([1], to: "t").error == .none)
        asker.note(.produce, .none)
        #expect(try client.fetch("t", from: 0).error == .none)
        // The answer's own and that of the partition.
        for _ in 0..<2 { asker.note(.fetch, .none) }
        try client.sendSessionFetch("t", from: 0, session: 77, epoch: 5)
        #expect(try client.receiveSessionFetch().error == .fetchSessionIdNotFound)
        asker.note(.fetch, .fetchSessionIdNotFound)
        try ErrorCountTests.askOfTopics(&asker)
        try ErrorCountTests.askOfGroups(&asker)
        try ErrorCountTests.askOfTheCluster(&asker)

        let after = try ErrorCountTests.counted(broker)
        for api in ServedApis.all() {
            let answered = asker.answered[api.key] ?? [:]
            #expect(!answered.isEmpty, "the test asks \(api.key)")
            for (error, count) in answered {
                for name in api.key.metricNames {
                    let series = "kafka_network_requestmetrics_errors_total{request=\"\(name)\",error=\"\(error)\"}"
                    let difference = (after[series] ?? 0) - (before[series] ?? 0)
                    #expect(difference == count, "\(series)")
                }
            }
        }
        var all = 0.0
        for (key, errors) in asker.answered { all += errors.values.reduce(0, +) * Double(key.metricNames.count) }
        let (earlier, later) = (before.values.reduce(0, +), after.values.reduce(0, +))
        #expect(later - earlier == all, "and nothing else is")
    }

    private static func askOfTopics(_ asker: inout Asker) throws {
        try asker.ask(ListOffsetsRequest.self) { request in
            request.topics = ["t", "missing"].map { name in
                var topic = ListOffsetsRequest.ListOffsetsTopic()
                topic.name = name
                topic.partitions = [.init()]
                return topic
            }
        }
        try asker.ask(MetadataRequest.self) { $0.topics = nil }
        try asker.ask(CreateTopicsRequest.self) { request in
            request.topics = ["t", "a"].map { name in
                var topic = CreateTopicsRequest.CreatableTopic()
                topic.name = name
                topic.numPartitions = 2
                topic.replicationFactor = 1
                return topic
            }
        }
        try asker.ask(DeleteTopicsRequest.self, version: 4) { $0.topicNames = ["a", "missing"] }
        try asker.ask(DeleteRecordsRequest.self) { request in
            var topic = DeleteRecordsRequest.DeleteRecordsTopic()
            topic.name = "t"
            topic.partitions = [.init()]
            request.topics = [topic]
        }
        try asker.ask(OffsetForLeaderEpochRequest.self) { request in
            var topic = OffsetForLeaderEpochRequest.OffsetForLeaderTopic()
            topic.topic = "t"
            topic.partitions = [.init()]
            request.topics = [topic]
        }
        try asker.ask(CreatePartitionsRequest.self) { request in
            var topic = CreatePartitionsRequest.CreatePartitionsTopic()
            topic.name = "t"
            topic.count = 1
            request.topics = [topic]
        }
        try asker.ask(AlterReplicaLogDirsRequest.self) { request in
            var topic = AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic()
            topic.name = "t"
            topic.partitions = [0]
            var directory = AlterReplicaLogDirsRequest.AlterReplicaLogDir()
            directory.path = "/nowhere"
            directory.topics = [topic]
            request.dirs = [directory]
        }
        try asker.ask(DescribeProducersRequest.self) { request in
            var topic = DescribeProducersRequest.TopicRequest()
            topic.name = "t"
            topic.partitionIndexes = [0, 9]
            request.topics = [topic]
        }
        try asker.ask(DescribeTopicPartitionsRequest.self) { request in
            var topic = DescribeTopicPartitionsRequest.TopicRequest()
            topic.name = "t"
            request.topics = [topic]
        }
        try asker.ask(DescribeLogDirsRequest.self)
        try asker.ask(ElectLeadersRequest.self) { $0.topicPartitions = nil }
        try asker.ask(AlterPartitionReassignmentsRequest.self)
        try asker.ask(ListPartitionReassignmentsRequest.self)
    }

    private static func askOfGroups(_ asker: inout Asker) throws {
        for version in [0, 6] as [Int16] {
            try asker.ask(FindCoordinatorRequest.self, version: version) { request in
                if version == 0 { request.key = "g" } else { request.coordinatorKeys = ["g", "h"] }
            }
        }
        var commit = OffsetCommitRequest.OffsetCommitRequestTopic()
        commit.name = "t"
        commit.partitions = [.init()]
        try asker.ask(OffsetCommitRequest.self, version: 8) { request in
            request.groupId = "g"
            request.topics = [commit]
        }
        try asker.ask(OffsetFetchRequest.self, version: 5) { request in
            request.groupId = "g"
            request.topics = nil
        }
        try asker.ask(OffsetFetchRequest.self, version: 9) { request in
            var group = OffsetFetchRequest.OffsetFetchRequestGroup()
            group.groupId = "g"
            group.topics = nil
            request.groups = [group]
        }
        try asker.ask(JoinGroupRequest.self) { $0.groupId = "g" }
        try asker.ask(HeartbeatRequest.self) { $0.groupId = "g" }
        try asker.ask(LeaveGroupRequest.self) { request in
            request.groupId = "g"
            request.members = [.init()]
        }
        try asker.ask(SyncGroupRequest.self) { $0.groupId = "g" }
        try asker.ask(DescribeGroupsRequest.self) { $0.groups = ["g", "missing"] }
        try asker.ask(ListGroupsRequest.self)
        try asker.ask(DeleteGroupsRequest.self) { $0.groupsNames = ["missing"] }
        try asker.ask(OffsetDeleteRequest.self) { $0.groupId = "missing" }
        try asker.ask(ConsumerGroupHeartbeatRequest.self) { $0.groupId = "g" }
        try asker.ask(ConsumerGroupDescribeRequest.self) { $0.groupIds = ["g", "missing"] }
    }

    private static func askOfTheCluster(_ asker: inout Asker) throws {
        try asker.ask(ApiVersionsRequest.self)
        try asker.ask(InitProducerIdRequest.self) { $0.transactionalId = nil }
        try asker.ask(DescribeConfigsRequest.self) { request in
            request.resources = ["t", "missing"].map { name in
                var resource = DescribeConfigsRequest.DescribeConfigsResource()
                resource.resourceType = 2
                resource.resourceName = name
                return resource
            }
        }
        try asker.ask(AlterConfigsRequest.self) { request in
            var resource = AlterConfigsRequest.AlterConfigsResource()
            resource.resourceType = 2
            resource.resourceName = "missing"
            request.resources = [resource]
        }
        try asker.ask(IncrementalAlterConfigsRequest.self) { request in
            var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
            resource.resourceType = 2
            resource.resourceName = "missing"
            request.resources = [resource]
        }
        try asker.ask(DescribeClientQuotasRequest.self)
        try asker.ask(AlterClientQuotasRequest.self) { request in
            var entity = AlterClientQuotasRequest.EntityData()
            entity.entityType = "client-id"
            entity.entityName = "c"
            var entry = AlterClientQuotasRequest.EntryData()
            entry.entity = [entity]
            request.entries = [entry]
        }
        try asker.ask(DescribeUserScramCredentialsRequest.self)
        try asker.ask(DescribeQuorumRequest.self)
        try asker.ask(UpdateFeaturesRequest.self)
        try asker.ask(DescribeClusterRequest.self)
        try asker.ask(UnregisterBrokerRequest.self) { $0.brokerId = 99 }
        try asker.ask(ListConfigResourcesRequest.self)
    }
}
