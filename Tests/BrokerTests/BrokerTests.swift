import Broker
import Files
import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Testing

/// A whole broker in this process, over sockets; with one shard, and with three between which requests fan out.
@Suite struct BrokerTests {
    @Test func startsInThisProcessAndSaysHowLongItTook() throws {
        let clock = ContinuousClock()
        var broker: TestBroker?
        let duration = try clock.measure { broker = try TestBroker() }
        print("a broker in the test's process was ready after \(duration)")
        try #require(broker).stop()
    }

    @Test(arguments: [1, 3]) func everyPartitionTakesAndGivesRecords(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 6)
        for round in 0..<5 {
            for partition in Int32(0)..<6 {
                let answer = try client.produce(Array("\(partition).\(round)".utf8), to: "t", partition: partition)
                #expect(answer.error == .none)
                #expect(answer.baseOffset == Int64(round))
            }
        }
        for partition in Int32(0)..<6 {
            let fetched = try client.fetch("t", partition: partition, from: 2)
            #expect(fetched.highWatermark == 5)
            #expect(fetched.records.count == 3 * WireClient.batch(Array("0.0".utf8)).count)
        }
    }

    @Test(arguments: [1, 3]) func producesInFlightAreAnsweredInOrder(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 4)
        let batch = WireClient.batch(Array("x".utf8))
        for number in 0..<200 { try client.sendProduce(batch, to: "t", partition: Int32(number % 4)) }
        for number in 0..<200 {
            let answer = try client.receiveProduced()
            #expect(answer.error == .none)
            #expect(answer.baseOffset == Int64(number / 4))
        }
    }

    @Test(arguments: [1, 3]) func aWaitingFetchIsWokenByAnAppend(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        let (producer, consumer) = (try WireClient(port: broker.port), try WireClient(port: broker.port))
        try producer.createTopic("t", partitions: 3)
        for partition in Int32(0)..<3 {
            try producer.sendProduce(WireClient.batch([1, 2, 3]), to: "t", partition: partition)
            let fetched = try consumer.fetch("t", partition: partition, from: 0, maximumWait: 15_000)
            #expect(!fetched.records.isEmpty)
            _ = try producer.receiveProduced()
        }
    }

    @Test(arguments: [1, 3]) func everythingIsThereAfterARestart(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        do {
            let client = try WireClient(port: broker.port)
            try client.createTopic("t", partitions: 3)
            for partition in Int32(0)..<3 {
                for _ in 0..<10 {
                    _ = try client.produce([UInt8](repeating: 7, count: 100), to: "t", partition: partition)
                }
            }
        }
        broker.stop(keepingData: true)
        try broker.start()
        let client = try WireClient(port: broker.port)
        for partition in Int32(0)..<3 {
            #expect(try client.fetch("t", partition: partition, from: 0).highWatermark == 10)
            #expect(try client.produce([1], to: "t", partition: partition).baseOffset == 10)
        }
    }

    /// A topic that is created while another of its name is being deleted has nothing of it, whichever shard it lives on.
    @Test(arguments: [1, 3]) func namesMayBeUsedAgainAtOnce(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        let (client, deleter) = (try WireClient(port: broker.port), try WireClient(port: broker.port))
        for round in 0..<30 {
            try client.createTopic("t", partitions: 4)
            for partition in 0..<4 as Range<Int32> {
                #expect(try client.produce([1], to: "t", partition: partition).baseOffset == 0, "round \(round)")
            }
            try deleter.sendDeleteTopic("t")
            // The journal has the deletion once the topic is unknown.
            while try client.produce([1], to: "t", partition: 0).error == .none {}
            try client.createTopic("t", partitions: 4)
            for partition in 0..<4 as Range<Int32> {
                #expect(try client.produce([1], to: "t", partition: partition).baseOffset == 0, "round \(round)")
            }
            try deleter.receiveDeletedTopic()
            try deleter.sendDeleteTopic("t")
            try deleter.receiveDeletedTopic()
        }
        #expect(try RealFileSystem().list(broker.directory).filter { $0.hasSuffix("-stray") } == [])
    }

    @Test func aDeletedTopicIsGoneAndItsNameFreeAgain() throws {
        let broker = try TestBroker()
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t")
        _ = try client.produce([1], to: "t")
        var request = DeleteTopicsRequest()
        request.topicNames = ["t"]
        #expect(try client.ask(request, version: 5).responses.map(\.errorCode) == [0])
        #expect(try client.produce([1], to: "t").error == .unknownTopicOrPartition)
        try client.createTopic("t")
        #expect(try client.produce([1], to: "t").baseOffset == 0)
    }
}
