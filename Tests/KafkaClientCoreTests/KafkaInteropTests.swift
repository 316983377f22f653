import Bytes
import KafkaProtocol
import Records
import ReferenceKafka
import Runtime
import Testing

@testable import KafkaClientCore

/// The client over real sockets against Apache Kafka, judged by what it reads back.
@Suite(.serialized) struct KafkaInteropTests {
    private final class Session {
        let shard: Shard
        let client: Client
        var isDone = false
        /// What nobody else holds while the test waits.
        var kept: [AnyObject] = []

        init(_ shard: Shard, _ kafka: ReferenceKafka, _ pool: BlockingPool) {
            self.shard = shard
            let endpoint = BrokerEndpoint(host: "localhost", port: kafka.port)
            client = Client(
                loop: ShardLoop(shard: shard, resolvers: pool),
                configuration: ClientConfiguration(bootstrapServers: [endpoint], clientId: "interop"), seed: 1)
        }

        func end() {
            isDone = true
            client.close()
            shard.stop()
        }
    }

    private final class Reader: ConsumerDelegate {
        var records: [(offset: Int64, timestamp: Int64, key: String?, value: String?, headers: [String])] = []
        let onEnd: (Reader) -> Void
        private var hasEnded = false

        init(onEnd: @escaping (Reader) -> Void) { self.onEnd = onEnd }

        func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition) {
            let headers = record.headers.map { header in
                "\(String(decoding: header.key, as: UTF8.self))=\(header.value.map { String(decoding: $0, as: UTF8.self) } ?? "null")"
            }
            records.append(
                (
                    record.offset, record.timestamp, record.key.map { String(decoding: $0, as: UTF8.self) },
                    record.value.map { String(decoding: $0, as: UTF8.self) }, headers
                ))
        }

        func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition) {
            guard position >= end, !hasEnded else { return }
            hasEnded = true
            onEnd(self)
        }

        func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError) {
            // The end of the test closes the client under the consumer.
            guard !hasEnded else { return }
            hasEnded = true
            Issue.record("reading failed: \(error)")
            onEnd(self)
        }
    }

    private func run(_ body: (Session) -> Void) throws {
        guard let kafka = ReferenceKafka.shared() else { return }
        let pool = try BlockingPool(name: "resolver", threads: 1)
        var session: Session?
        try Shard.run { shard in
            let opened = Session(shard, kafka, pool)
            session = opened
            shard.schedule(after: .seconds(60)) {
                if !opened.isDone { Issue.record("nothing happened for a minute") }
                opened.end()
            }
            body(opened)
        }
        #expect(session?.isDone == true)
    }

    /// Asks until Kafka's broker has heard from its controller of the topic.
    private func find(_ topic: String, _ session: Session, then: @escaping (ClusterMetadata.Topic) -> Void) {
        session.client.describeCluster { [self] cluster in
            if let found = (try? cluster.get())?.topics[topic] { return then(found) }
            if !session.isDone { find(topic, session, then: then) }
        }
    }

    @Test func topicsComeAndGo() throws {
        try run { session in
            let topic = NewTopic(name: "interop-topics", partitionCount: 3, configuration: [("retention.ms", "1000")])
            session.client.createTopics([topic, topic.named("bad name")]) { results in
                #expect((try? results[0].result.get())?.partitionCount == 3)
                guard case .failure(let error) = results[1].result else {
                    Issue.record("a bad name was taken")
                    return session.end()
                }
                #expect(error.code == .broker(.invalidTopicException))
                find("interop-topics", session) { found in
                    #expect(found.partitions.count == 3)
                    #expect(!found.id.isZero)
                    session.client.deleteTopics(["interop-topics", "interop-none"]) { results in
                        #expect((try? results[0].result.get()) != nil)
                        #expect((try? results[1].result.get()) == nil)
                        session.end()
                    }
                }
            }
        }
    }

    @Test(arguments: Compression.allCases)
    func recordsComeBackAsTheyWere(codec: Compression) throws {
        let topic = "interop-\(codec.name)"
        let count = 5_000
        try run { session in
            var configuration = ProducerConfiguration()
            configuration.compression = codec
            let producer = Producer(client: session.client, configuration: configuration)
            var reader: Reader?
            let consumer = Consumer(client: session.client)
            session.kept = [producer, consumer]
            var delivered: [Int64] = []
            func readBack() {
                let created = Reader { reader in
                    check(reader)
                    session.end()
                }
                reader = created
                session.kept.append(created)
                consumer.delegate = reader
                consumer.assign(TopicPartition(topic: topic, partition: 0), from: .earliest)
            }
            func check(_ reader: Reader) {
                #expect(reader.records.count == count)
                #expect(delivered == (0..<count).map(Int64.init))
                for (index, record) in reader.records.enumerated() {
                    let value: String? = index % 100 == 7 ? nil : "value \(index)"
                    let isPlaced = record.offset == Int64(index) && record.timestamp == 1_700_000_000_000 + Int64(index)
                    let isSame = isPlaced && record.key == "k\(index)" && record.value == value
                    let hasHeaders = record.headers == ["a=\(index)", "b=null"]
                    if !isSame || !hasHeaders { Issue.record("record \(index) came back as \(record)") }
                }
            }
            session.client.createTopics([NewTopic(name: topic, partitionCount: 1)]) { results in
                #expect((try? results[0].result.get()) != nil)
                for index in 0..<count {
                    let record = ProducerRecord(
                        topic: topic, timestamp: 1_700_000_000_000 + Int64(index), key: "k\(index)".bytes,
                        value: index % 100 == 7 ? nil : "value \(index)".bytes,
                        headers: [RecordHeader(key: "a", value: "\(index)".bytes), RecordHeader(key: "b", value: nil)])
                    producer.send(record) { result in
                        switch result {
                        case .success(let metadata): delivered.append(metadata.offset)
                        case .failure(let error): Issue.record("not written: \(error)")
                        }
                    }
                }
                producer.flush { readBack() }
            }
        }
    }

    @Test func offsetsByTimeAndKeysByPartition() throws {
        try run { session in
            let producer = Producer(client: session.client)
            session.kept = [producer]
            let topic = "interop-times"
            var partitions: [String: Int32] = [:]
            session.client.createTopics([NewTopic(name: topic, partitionCount: 4)]) { _ in
                for key in ["abc", "foobar", "21"] {
                    let record = ProducerRecord(topic: topic, timestamp: 5_000, key: key.bytes, value: "v".bytes)
                    producer.send(record) { partitions[key] = (try? $0.get())?.partition.partition }
                }
                producer.flush {
                    for key in ["abc", "foobar", "21"] {
                        #expect(partitions[key] == Partitioner.partition(ofKey: key.bytes, count: 4))
                    }
                    let used = TopicPartition(topic: topic, partition: partitions["abc"] ?? 0)
                    session.client.listOffsets([used: .timestamp(4_000)]) { early in
                        #expect((try? early[used]?.get()) == ListedOffset(offset: 0, timestamp: 5_000))
                        session.client.listOffsets([used: .timestamp(6_000)]) { late in
                            #expect(((try? late[used]?.get())?.offset ?? 0) > 0)
                            session.end()
                        }
                    }
                }
            }
        }
    }
}

extension NewTopic {
    fileprivate func named(_ name: String) -> NewTopic {
        var other = self
        other.name = name
        return other
    }
}
