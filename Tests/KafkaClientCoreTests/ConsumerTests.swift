import Bytes
import KafkaProtocol
import Records
import Runtime
import Testing

@testable import KafkaClientCore

private final class Reader: ConsumerDelegate {
    var records: [String] = []
    var offsets: [Int64] = []
    var failures: [ClientError] = []
    var position: Int64 = -1
    var end: Int64 = -1
    var onRecord: (Consumer, ConsumedRecord, TopicPartition) -> Void = { (_, _, _) in }

    func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition) {
        records.append(record.value.map { String(decoding: $0, as: UTF8.self) } ?? "null")
        offsets.append(record.offset)
        onRecord(consumer, record, partition)
    }

    func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition) {
        self.position = position
        self.end = end
    }

    func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError) {
        failures.append(error)
    }
}

struct ConsumerTests {
    private let t0 = TopicPartition(topic: "t", partition: 0)

    private func batch(
        _ values: [String], codec: Compression = .none, timestamp: Int64 = 1_000, producer: Int64? = nil
    ) -> [UInt8] {
        var options = BatchBuilder.Options()
        options.compression = codec
        if let producer {
            options.producerId = producer
            options.producerEpoch = 0
            options.isTransactional = true
        }
        var builder = BatchBuilder(options)
        for value in values { _ = builder.append(timestamp: timestamp, key: nil, value: value.bytes) }
        return builder.finish().all.bytes
    }

    private func setUp(_ change: (inout ConsumerConfiguration) -> Void = { _ in }) -> (TestClient, Consumer, Reader) {
        let test = TestClient()
        test.broker.createTopic("t", partitions: 2)
        var configuration = ConsumerConfiguration()
        change(&configuration)
        let consumer = Consumer(client: test.client, configuration: configuration)
        let reader = Reader()
        consumer.delegate = reader
        return (test, consumer, reader)
    }

    @Test(arguments: Compression.allCases)
    func allRecordsComeInOrder(codec: Compression) {
        let (test, consumer, reader) = setUp { $0.partitionMaximumBytes = 400 }
        for part in 0..<20 {
            test.broker.append(batch((0..<10).map { "\(part * 10 + $0)" }, codec: codec), to: t0)
        }
        consumer.assign(t0, from: .earliest)
        #expect(test.loop.run { reader.records.count == 200 })
        #expect(reader.records == (0..<200).map(String.init))
        #expect(reader.offsets == (0..<200).map(Int64.init))
        #expect(consumer.position(of: t0) == 200)
        #expect(reader.end == 200)
    }

    @Test func readingStartsInsideABatch() {
        let (test, consumer, reader) = setUp()
        test.broker.append(batch(["a", "b", "c", "d"]), to: t0)
        consumer.assign(t0, from: .offset(2))
        #expect(test.loop.run { reader.records.count == 2 })
        #expect(reader.records == ["c", "d"])
    }

    @Test func startsByTimeAndAtTheEnd() {
        let (test, consumer, reader) = setUp()
        for time in [Int64(100), 200, 300] { test.broker.append(batch(["at \(time)"], timestamp: time), to: t0) }
        consumer.assign(t0, from: .timestamp(150))
        #expect(test.loop.run { reader.records.count == 2 })
        #expect(reader.records == ["at 200", "at 300"])
        // Later than the last record is behind it.
        consumer.assign(t0, from: .timestamp(400))
        #expect(test.loop.run { consumer.position(of: t0) == 3 && reader.position == 3 })
        consumer.assign(t0, from: .latest)
        test.loop.run(limit: .seconds(2))
        test.broker.append(batch(["new"]), to: t0)
        #expect(test.loop.run { reader.records.last == "new" })
        #expect(reader.records.count == 3)
    }

    @Test func anOffsetOutsideTheLogIsAnErrorOrAReset() {
        let (test, consumer, reader) = setUp()
        test.broker.append(batch(["a", "b"]), to: t0)
        test.broker.logs[t0]?.startOffset = 1
        consumer.assign(t0, from: .offset(0))
        #expect(test.loop.run { !reader.failures.isEmpty })
        #expect(reader.failures[0].code == .broker(.offsetOutOfRange))
        let (other, resetting, second) = setUp { $0.offsetReset = .earliest }
        other.broker.append(batch(["a", "b"]), to: t0)
        resetting.assign(t0, from: .offset(99))
        #expect(other.loop.run { second.records == ["a", "b"] })
        #expect(second.failures.isEmpty)
    }

    @Test func errorsThatPassAreWaitedOut() {
        let (test, consumer, reader) = setUp()
        test.broker.append(batch(["a", "b"]), to: t0)
        var faults: [FakeBroker.Fault] = [
            .error(.notLeaderOrFollower), .dropBefore, .dropAfter, .error(.unknownLeaderEpoch), .silence,
        ]
        test.broker.fault = { $0 == .fetch ? faults.popLast() : nil }
        consumer.assign(t0, from: .earliest)
        #expect(test.loop.run { reader.records == ["a", "b"] })
        #expect(reader.failures.isEmpty)
        #expect(faults.isEmpty)
    }

    @Test func errorsThatStayEndThePartition() {
        let (test, consumer, reader) = setUp()
        test.broker.append(batch(["a"]), to: t0)
        test.broker.fault = { $0 == .fetch ? .error(.topicAuthorizationFailed) : nil }
        consumer.assign(t0, from: .earliest)
        #expect(test.loop.run { !reader.failures.isEmpty })
        test.loop.run(limit: .seconds(5))
        #expect(reader.failures.map(\.code) == [.broker(.topicAuthorizationFailed)])
    }

    @Test func aDamagedBatchIsNotHandedOver() {
        let (test, consumer, reader) = setUp()
        test.broker.append(batch(["good"]), to: t0)
        var bad = batch(["bad"])
        bad[bad.count - 1] ^= 1
        test.broker.append(bad, to: t0)
        consumer.assign(t0, from: .earliest)
        #expect(test.loop.run { !reader.failures.isEmpty })
        #expect(reader.records == ["good"])
        #expect(reader.failures[0].message.contains("offset 1"))
    }

    @Test func pausingTakesEffectWithinABatchAndResumingGoesOn() {
        let (test, consumer, reader) = setUp()
        test.broker.append(batch(["a", "b", "c"]), to: t0)
        reader.onRecord = { (consumer, record, partition) in
            if record.offset == 1 { consumer.pause(partition) }
        }
        consumer.assign(t0, from: .earliest)
        test.loop.run(limit: .seconds(5))
        #expect(reader.records == ["a", "b"])
        #expect(consumer.position(of: t0) == 2)
        consumer.resume(t0)
        #expect(test.loop.run { reader.records == ["a", "b", "c"] })
    }

    @Test func aNewPositionGivenWhileReadingIsKept() {
        let (test, consumer, reader) = setUp()
        test.broker.append(batch(["a", "b", "c"]), to: t0)
        var rewinds = 1
        reader.onRecord = { (consumer, record, partition) in
            guard record.offset == 1, rewinds > 0 else { return }
            rewinds -= 1
            consumer.assign(partition, from: .offset(0))
        }
        consumer.assign(t0, from: .earliest)
        #expect(test.loop.run { reader.records.last == "c" })
        #expect(reader.records == ["a", "b", "a", "b", "c"])
    }

    @Test func unassigningEndsItAndOthersGoOn() {
        let (test, consumer, reader) = setUp()
        let t1 = TopicPartition(topic: "t", partition: 1)
        test.broker.append(batch(["a", "b"]), to: t0)
        test.broker.append(batch(["x", "y"]), to: t1)
        reader.onRecord = { (consumer, _, partition) in if partition == self.t0 { consumer.unassign(partition) } }
        consumer.assign(t0, from: .earliest)
        consumer.assign(t1, from: .earliest)
        test.loop.run(limit: .seconds(5))
        #expect(reader.records.sorted() == ["a", "x", "y"])
        #expect(consumer.position(of: t0) == nil)
    }

    @Test func committedReadersSeeNoAbortedRecords() {
        let (test, consumer, reader) = setUp { $0.isolationLevel = .readCommitted }
        fillWithTransactions(test.broker)
        consumer.assign(t0, from: .earliest)
        #expect(test.loop.run { reader.position == 8 })
        #expect(reader.records == ["plain", "kept", "second kept"])
        let (other, uncommitted, all) = setUp()
        fillWithTransactions(other.broker)
        uncommitted.assign(t0, from: .earliest)
        #expect(other.loop.run { all.position == 8 })
        #expect(all.records == ["dropped", "plain", "kept", "dropped too", "second kept"])
    }

    /// Producer 1 aborts, then commits; producer 2 commits.
    private func fillWithTransactions(_ broker: FakeBroker) {
        let end = EndTransactionMarker(.abort, coordinatorEpoch: 0)
        broker.append(batch(["dropped"], producer: 1), to: t0)
        broker.append(batch(["plain"]), to: t0)
        broker.append(batch(["kept"], producer: 2), to: t0)
        broker.append(batch(["dropped too"], producer: 1), to: t0)
        broker.append(end.batch(producerId: 1, producerEpoch: 0, timestamp: 1).all.bytes, to: t0)
        broker.append(batch(["second kept"], producer: 1), to: t0)
        let commit = EndTransactionMarker(.commit, coordinatorEpoch: 0)
        broker.append(commit.batch(producerId: 1, producerEpoch: 0, timestamp: 1).all.bytes, to: t0)
        broker.append(commit.batch(producerId: 2, producerEpoch: 0, timestamp: 1).all.bytes, to: t0)
        broker.logs[t0]?.aborted = [.init(producerId: 1, firstOffset: 0)]
    }

    @Test func offsetsAreLookedUpWithRetries() {
        let (test, _, _) = setUp()
        test.broker.append(batch(["a", "b"], timestamp: 5), to: t0)
        var faults: [FakeBroker.Fault] = [.dropBefore, .error(.leaderNotAvailable)]
        test.broker.fault = { $0 == .listOffsets ? faults.popLast() : nil }
        let missing = TopicPartition(topic: "none", partition: 0)
        var results: [TopicPartition: Result<ListedOffset, ClientError>]?
        let t1 = TopicPartition(topic: "t", partition: 1)
        test.client.listOffsets([t0: .latest, t1: .offset(7), missing: .earliest], timeout: .seconds(5)) {
            results = $0
        }
        #expect(test.loop.run { results != nil })
        #expect((try? results?[t0]?.get())?.offset == 2)
        #expect((try? results?[t1]?.get())?.offset == 7)
        guard case .failure(let error)? = results?[missing] else {
            Issue.record("a missing topic has no offset")
            return
        }
        #expect(error.code == .broker(.unknownTopicOrPartition))
    }

    /// Whichever of the topics the client happens to name first.
    @Test func offsetsOfManyUnknownTopicsAreFoundThoughNobodyWaitsForPartitions() {
        let names = (0..<6).map { "topic-\($0)" }
        let gone = TopicPartition(topic: "gone", partition: 0)
        for seed in UInt64(1)...50 {
            let test = TestClient(seed: seed)
            for name in names { test.broker.createTopic(name, partitions: 2) }
            var wanted: [TopicPartition: StartPosition] = [gone: .latest]
            for name in names.shuffled() {
                for index in 0..<Int32(2) { wanted[TopicPartition(topic: name, partition: index)] = .latest }
            }
            var results: [TopicPartition: Result<ListedOffset, ClientError>]?
            test.client.listOffsets(wanted, waitsForPartitions: false) { results = $0 }
            #expect(test.loop.run { results != nil })
            for partition in wanted.keys where partition != gone {
                #expect((try? results?[partition]?.get())?.offset == 0, "\(partition), seed \(seed)")
            }
            guard case .failure(let error)? = results?[gone] else {
                Issue.record("a topic that is gone has no offset")
                return
            }
            #expect(error.code == .broker(.unknownTopicOrPartition))
        }
    }

    /// Metadata that was on its way for another topic says nothing of this one.
    @Test func anAnswerThatWasAskedForOtherTopicsIsNoLook() {
        let test = TestClient()
        for name in ["a", "b", "c"] { test.broker.createTopic(name) }
        var found = 0
        for name in ["a", "b", "c"] {
            let partition = TopicPartition(topic: name, partition: 0)
            test.client.listOffsets([partition: .latest], waitsForPartitions: false) { results in
                #expect((try? results[partition]?.get())?.offset == 0, "\(name)")
                found += 1
            }
        }
        #expect(test.loop.run { found == 3 })
    }
}
