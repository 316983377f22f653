import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing

@testable import Controller

/// Changes of partitions ask whether the client's quota allows for them, and are not made where it does not.
@Suite struct MutationQuotaTests {
    /// A quota of so many partitions, with what it was asked for.
    private final class Budget {
        var left: Int
        var asked: [Int] = []

        init(_ left: Int) { self.left = left }

        func permits(_ count: Int) -> Bool {
            asked.append(count)
            guard left > 0 else { return false }
            left -= count
            return true
        }
    }

    @Test func eachTopicIsAskedForByItself() throws {
        var cluster = try TestCluster()
        var random = SeededGenerator(seed: 7)
        let budget = Budget(4)
        var request = CreateTopicsRequest()
        request.topics = [
            topic("a", partitions: 3), topic("bad name", partitions: 1), topic("b", partitions: 2),
            topic("c", partitions: 1),
        ]
        let created = cluster.controller.createTopics(request, using: &random, permits: budget.permits)
        #expect(created.reply.topics.map(\.errorCode) == [0, 17, 0, 89])
        // What is refused for another reason costs nothing.
        #expect(budget.asked == [3, 2, 1])
        try cluster.take(created.records)
        #expect(cluster.controller.image.topics.count == 2)

        var growth = CreatePartitionsRequest()
        growth.topics = ["a", "b"].map { name in
            var row = CreatePartitionsRequest.CreatePartitionsTopic()
            row.name = name
            row.count = 7
            row.assignments = nil
            return row
        }
        let few = Budget(1)
        let grown = cluster.controller.createPartitions(growth, using: &random, permits: few.permits)
        #expect(grown.reply.results.map(\.errorCode) == [0, 89])
        #expect(few.asked == [4, 5])
        #expect(grown.records.count == 4)

        var deletion = DeleteTopicsRequest()
        deletion.topicNames = ["a", "x", "b"]
        let one = Budget(1)
        let deleted = cluster.controller.deleteTopics(deletion, version: 5, permits: one.permits)
        #expect(deleted.reply.responses.map(\.errorCode) == [0, 3, 89])
        #expect(one.asked == [3, 2])
        #expect(deleted.records.count == 1)
    }
}
