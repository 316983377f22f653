import Bytes
import Collections
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing

@testable import GroupCoordinator

/// Members of both protocols that come, go, fall silent and come back while topics grow and the coordinator moves.
///
/// Whatever happens, no partition is with two members that are alive; and once it is quiet every partition is with one, and
/// nobody has two more than another.
@Suite struct ConsumerStoryTests {
    private final class Story {
        let bench: GroupBench
        var generator: SeededGenerator
        var consumers: [ConsumerClient] = []
        var classics: [ClassicClient] = []
        let topics: [String]
        var ids: [UUID] = []
        var born = 0

        init(seed: UInt64) throws {
            var rules = GroupRules()
            // The group stays one of the consumer protocol, so that all of them are served by it.
            rules.migration = .upgrade
            bench = GroupBench(rules: rules)
            generator = SeededGenerator(seed)
            topics = ["t", "u", "x1"]
            for topic in topics { ids.append(try bench.create(topic, partitions: 5)) }
            try joinConsumer()
        }

        func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

        func joinConsumer() throws {
            born += 1
            let client = ConsumerClient(bench, "m\(born)", instance: chance(3) ? "i\(born)" : nil)
            #expect(try join(client).errorCode == 0)
            consumers.append(client)
        }

        @discardableResult
        func join(_ client: ConsumerClient) throws -> ConsumerGroupHeartbeatResponse {
            client.forget()
            return chance(3) ? try client.join(["t", "u"], pattern: "x.*") : try client.join(topics)
        }

        func joinClassic() throws {
            let client = ClassicClient(bench, topics)
            #expect(try client.join()?.errorCode == 0)
            try client.sync()
            classics.append(client)
        }

        func step() throws {
            switch Int.random(in: 0..<12, using: &generator) {
            case 0 where consumers.count < 5: try joinConsumer()
            case 1 where classics.count < 3: try joinClassic()
            case 2 where consumers.count > 1:
                #expect(
                    try consumers.remove(at: .random(in: consumers.indices, using: &generator)).leave().errorCode == 0)
            case 3 where consumers.count > 1:
                // It dies, and nobody is told.
                consumers.remove(at: .random(in: consumers.indices, using: &generator))
            case 4 where !classics.isEmpty:
                #expect(try classics.remove(at: .random(in: classics.indices, using: &generator)).leave() == .none)
            case 5 where chance(3): try bench.failOver()
            case 6 where chance(2):
                let topic = ids[Int.random(in: ids.indices, using: &generator)]
                try bench.grow(topic, to: Int32(bench.image.topics[topic]?.partitions.count ?? 0) + 1)
            default: break
            }
            try work()
            try bench.pass(Int64.random(in: 100...2_000, using: &generator))
        }

        func work() throws {
            for client in consumers {
                let response = try client.beat()
                // What a client does that was forgotten, or fenced: it gives everything up and starts anew.
                if response.errorCode != 0 { try join(client) }
                checkDisjoint()
            }
            for client in classics {
                let error = try client.beat()
                if error == .rebalanceInProgress {
                    let joined = try client.join()
                    #expect(joined?.errorCode == 0)
                    try client.sync()
                } else {
                    #expect(error == .none)
                }
                checkDisjoint()
            }
        }

        func checkDisjoint() {
            var all: Set<TopicIDPartition> = []
            var doubles = 0
            for owned in ownership {
                for (topic, partitions) in owned {
                    for partition in partitions where !all.insert(.init(topic: topic, partition: partition)).inserted {
                        doubles += 1
                    }
                }
            }
            #expect(doubles == 0)
        }

        var ownership: [PartitionSet] {
            consumers.map(\.owned)
                + classics.map { client in
                    var owned: PartitionSet = [:]
                    for (topic, partitions) in client.owned {
                        if let id = bench.image.topics.id(of: topic) { owned[id] = partitions }
                    }
                    return owned
                }
        }
    }

    @Test(arguments: 1...12)
    func whateverHappensNoPartitionIsWithTwoAndInTheEndEachIsWithOne(seed: Int) throws {
        let story = try Story(seed: UInt64(seed))
        for _ in 0..<60 { try story.step() }
        // The dead are forgotten after a session at the latest.
        for _ in 0..<40 {
            try story.work()
            try story.bench.pass(2_000)
        }
        let group = try #require(story.bench.group("g"))
        #expect(group.state == .stable)
        #expect(group.members.count == story.consumers.count + story.classics.count)
        let counts = story.ownership.map(\.partitionCount)
        #expect(counts.reduce(0, +) == story.bench.image.topics.partitionCount)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }
}
