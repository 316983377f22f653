import Bytes
import KafkaProtocol
import Records
import Runtime
import Testing

@testable import KafkaClientCore

/// What was reported of each record, by value.
private final class Reports {
    var offsets: [String: Int64] = [:]
    var errors: [String: ClientError] = [:]
    var order: [String] = []

    func handler(_ value: String) -> DeliveryHandler {
        { result in
            #expect(self.offsets[value] == nil && self.errors[value] == nil, "a record is reported once")
            self.order.append(value)
            switch result {
            case .success(let metadata): self.offsets[value] = metadata.offset
            case .failure(let error): self.errors[value] = error
            }
        }
    }
}

struct ProducerTests {
    private let t0 = TopicPartition(topic: "t", partition: 0)

    private func send(_ values: some Sequence<Int>, to producer: Producer, _ reports: Reports, partition: Int32? = 0) {
        for value in values {
            let record = ProducerRecord(topic: "t", partition: partition, value: "\(value)".bytes)
            producer.send(record, delivery: reports.handler("\(value)"))
        }
    }

    private func flush(_ producer: Producer, _ test: TestClient) -> Bool {
        var isDone = false
        producer.flush { isDone = true }
        return test.loop.run { isDone }
    }

    @Test(arguments: Compression.allCases)
    func recordsArriveInOrderWithTheirOffsets(codec: Compression) {
        let test = TestClient()
        test.broker.createTopic("t")
        let producer = test.producer {
            $0.compression = codec
            $0.batchSize = 500
        }
        let reports = Reports()
        send(0..<200, to: producer, reports)
        #expect(flush(producer, test))
        #expect(test.broker.values(t0) == (0..<200).map(String.init))
        for value in 0..<200 { #expect(reports.offsets["\(value)"] == Int64(value)) }
        #expect(producer.outstandingRecords == 0 && producer.bufferedBytes == 0)
    }

    @Test func keysHeadersAndTimestampsAreKept() throws {
        let test = TestClient()
        test.broker.createTopic("t", partitions: 3)
        let producer = test.producer()
        producer.send(
            ProducerRecord(
                topic: "t", timestamp: 77, key: "abc".bytes, value: nil,
                headers: [RecordHeader(key: "h", value: "v".bytes), RecordHeader(key: "h", value: nil)]))
        #expect(flush(producer, test))
        let partition = TopicPartition(topic: "t", partition: Partitioner.partition(ofKey: "abc".bytes, count: 3))
        let batch = try #require(test.broker.logs[partition]?.batches.first)
        try batch.withUnsafeBytes { bytes throws in
            let view = try RecordBatchView(bytes)
            var records = RecordIterator(uncompressed: view)
            let record = try #require(try records.next())
            #expect(view.header.timestamp(of: record) == 77)
            #expect(record.key.map { [UInt8]($0) } == "abc".bytes)
            #expect(record.value == nil)
            #expect(record.headers.map { [UInt8]($0.key) } == ["h".bytes, "h".bytes])
            #expect(record.headers.map { $0.value.map { [UInt8]($0) } } == ["v".bytes, nil])
        }
    }

    @Test func batchesWaitForTheirLingerAndGoAtOnceWhenFull() {
        let test = TestClient()
        test.broker.createTopic("t")
        let producer = test.producer {
            $0.linger = .milliseconds(50)
            $0.batchSize = 1_000
        }
        let reports = Reports()
        send(0..<1, to: producer, reports)
        let start = test.loop.now
        test.loop.run { reports.order.count == 1 }
        #expect(test.loop.now - start >= .milliseconds(50))
        let next = test.loop.now
        send(100..<200, to: producer, reports)
        test.loop.run { reports.order.count > 1 }
        #expect(test.loop.now - next < .milliseconds(50))
    }

    /// The heart of it: whatever happens to requests and answers, each record is there once, in order.
    @Test(arguments: 1...150)
    func anIdempotentProducerWritesOnceAndInOrder(seed: UInt64) {
        let test = TestClient(seed: seed)
        test.broker.createTopic("t", partitions: 2)
        var generator = SeededGenerator(seed: seed)
        var faults = 60
        test.broker.fault = { key in
            guard key == .produce, faults > 0, Int.random(in: 0..<3, using: &generator) == 0 else { return nil }
            faults -= 1
            let choices: [FakeBroker.Fault] = [
                .dropBefore, .dropAfter, .error(.notEnoughReplicas), .error(.notLeaderOrFollower),
                .error(.requestTimedOut), .silence,
            ]
            return choices.randomElement(using: &generator)
        }
        let producer = test.producer {
            $0.batchSize = 300
            $0.linger = .milliseconds(1)
            $0.deliveryTimeout = .seconds(100_000)
        }
        let reports = Reports()
        for round in 0..<20 {
            send(round * 20..<round * 20 + 20, to: producer, reports, partition: Int32(round % 2))
            test.loop.run(limit: .milliseconds(Int64.random(in: 0...20, using: &generator)))
        }
        var isDone = false
        producer.flush { isDone = true }
        #expect(test.loop.run(limit: .seconds(100_000)) { isDone })
        for partition in 0..<2 {
            let expected = (0..<20).filter { $0 % 2 == partition }.flatMap { ($0 * 20..<$0 * 20 + 20).map(String.init) }
            let written = test.broker.values(TopicPartition(topic: "t", partition: Int32(partition)))
            let isExact = written == expected
            #expect(isExact, "partition \(partition) has \(written.count) records, or another order")
        }
        #expect(reports.errors.isEmpty)
        #expect(reports.offsets.count == 400)
    }

    @Test(arguments: 1...50)
    func withoutIdempotenceRecordsMayRepeatButKeepTheirOrder(seed: UInt64) {
        let test = TestClient(seed: seed)
        test.broker.createTopic("t")
        var generator = SeededGenerator(seed: seed)
        var faults = 20
        test.broker.fault = { key in
            guard key == .produce, faults > 0, Bool.random(using: &generator) else { return nil }
            faults -= 1
            return [FakeBroker.Fault.dropAfter, .dropBefore, .error(.notEnoughReplicas)].randomElement(
                using: &generator)
        }
        let producer = test.producer {
            $0.isIdempotent = false
            $0.batchSize = 300
        }
        let reports = Reports()
        send(0..<100, to: producer, reports)
        #expect(flush(producer, test))
        var seen: [Int] = []
        for value in test.broker.values(t0).compactMap(Int.init) where value > seen.last ?? -1 { seen.append(value) }
        #expect(seen == Array(0..<100))
        #expect(reports.offsets.count == 100)
    }

    @Test func aBatchThatIsRefusedForGoodDoesNotStopTheOthers() {
        let test = TestClient()
        test.broker.createTopic("t")
        let producer = test.producer { $0.batchSize = 100 }
        var refused = 0
        test.broker.fault = { key in
            guard key == .produce, refused < 1 else { return nil }
            refused += 1
            return .error(.messageTooLarge)
        }
        let reports = Reports()
        send(0..<20, to: producer, reports)
        #expect(flush(producer, test))
        #expect(reports.errors.values.allSatisfy { $0.code == .broker(.messageTooLarge) })
        #expect(!reports.errors.isEmpty && reports.errors.count + reports.offsets.count == 20)
        let lost = Set(reports.errors.keys)
        #expect(test.broker.values(t0) == (0..<20).map(String.init).filter { !lost.contains($0) })
    }

    @Test func deliveryIsGivenUpInTime() {
        let test = TestClient()
        test.broker.createTopic("t")
        test.broker.fault = { $0 == .produce ? .error(.notEnoughReplicas) : nil }
        let producer = test.producer { $0.deliveryTimeout = .seconds(10) }
        let reports = Reports()
        send(0..<3, to: producer, reports)
        let start = test.loop.now
        #expect(flush(producer, test))
        #expect(test.loop.now - start < .seconds(12))
        #expect(reports.errors.count == 3)
        #expect(reports.errors["0"]?.message.contains("NOT_ENOUGH_REPLICAS") == true)
        // What comes later is written under an epoch of its own, since nobody knows about the others.
        test.broker.fault = { _ in nil }
        send(10..<13, to: producer, reports)
        #expect(flush(producer, test))
        #expect(test.broker.values(t0) == ["10", "11", "12"])
    }

    @Test func whatIsTriedAgainIsToldAndItsErrorIsThatOfTheBroker() {
        let test = TestClient()
        test.broker.createTopic("t")
        test.broker.fault = { $0 == .produce ? .error(.kafkaStorageError) : nil }
        let producer = test.producer {
            $0.deliveryTimeout = .seconds(10)
            $0.batchSize = 100
        }
        var told: [ClientError.Code] = []
        producer.onRetry = { partition, error in
            #expect(partition == t0)
            told.append(error.code)
        }
        let reports = Reports()
        send(0..<50, to: producer, reports)
        #expect(flush(producer, test))
        #expect(told.count >= 5 && told.allSatisfy { $0 == .broker(.kafkaStorageError) })
        // Also of batches that had to wait behind the first and were never sent.
        #expect(reports.errors.count == 50)
        #expect(Set(reports.errors.values.map(\.message)).count == 1)
        #expect(reports.errors.values.allSatisfy { $0.code == .broker(.kafkaStorageError) })
        test.broker.fault = { _ in nil }
        let before = told.count
        send(50..<53, to: producer, reports)
        #expect(flush(producer, test))
        #expect(told.count == before && test.broker.values(t0) == ["50", "51", "52"])
    }

    @Test func aBrokerThatDoesNotAnswerDoesNotHoldUpGivingUp() {
        let test = TestClient()
        test.broker.createTopic("t")
        test.broker.fault = { $0 == .produce ? .silence : nil }
        let producer = test.producer { $0.deliveryTimeout = .seconds(3) }
        let reports = Reports()
        send(0..<1, to: producer, reports)
        let start = test.loop.now
        #expect(flush(producer, test))
        #expect(test.loop.now - start < .seconds(10))
        #expect(reports.errors["0"]?.isOfConnection == true)
    }

    @Test func aProducerIdThatIsNotGivenIsTold() {
        let test = TestClient()
        test.broker.createTopic("t")
        test.broker.fault = { $0 == .initProducerId ? .error(.kafkaStorageError) : nil }
        let producer = test.producer { $0.deliveryTimeout = .seconds(10) }
        var told: [ClientError.Code] = []
        producer.onRetry = { told.append($1.code) }
        let reports = Reports()
        send(0..<1, to: producer, reports)
        #expect(flush(producer, test))
        #expect(told.count > 1 && told.allSatisfy { $0 == .broker(.kafkaStorageError) })
        #expect(reports.errors["0"]?.code == .broker(.kafkaStorageError))
    }

    @Test func aPartitionWithoutALeaderIsTold() {
        let test = TestClient()
        test.broker.createTopic("t")
        test.broker.leaders[t0] = (-1, 0)
        let producer = test.producer { $0.deliveryTimeout = .seconds(10) }
        var told: [ClientError.Code] = []
        producer.onRetry = { told.append($1.code) }
        let reports = Reports()
        send(0..<1, to: producer, reports, partition: 0)
        #expect(flush(producer, test))
        #expect(told.count > 1 && told.allSatisfy { $0 == .leaderUnavailable })
        #expect(reports.errors["0"]?.code == .leaderUnavailable)
    }

    @Test func aTopicThatNeverAppearsAndAPartitionThatIsNotThere() {
        let test = TestClient()
        let producer = test.producer { $0.metadataTimeout = .seconds(5) }
        let reports = Reports()
        send(0..<2, to: producer, reports)
        #expect(flush(producer, test))
        #expect(reports.errors["0"]?.code == .broker(.unknownTopicOrPartition))
        test.broker.createTopic("t", partitions: 2)
        send(5..<6, to: producer, reports, partition: 2)
        #expect(flush(producer, test))
        #expect(reports.errors["5"]?.message.contains("it has 2") == true)
    }

    @Test func recordsSentBeforeTheTopicIsThereKeepTheirOrder() {
        let test = TestClient()
        let producer = test.producer()
        let reports = Reports()
        send(0..<5, to: producer, reports)
        test.loop.run(limit: .seconds(1))
        test.broker.createTopic("t")
        send(5..<10, to: producer, reports)
        #expect(flush(producer, test))
        #expect(test.broker.values(t0) == (0..<10).map(String.init))
        #expect(reports.order == (0..<10).map(String.init))
    }

    @Test func withoutAcknowledgementSentIsWritten() {
        let test = TestClient()
        test.broker.createTopic("t")
        let producer = test.producer {
            $0.acks = .none
            $0.isIdempotent = false
        }
        let reports = Reports()
        send(0..<3, to: producer, reports)
        #expect(flush(producer, test))
        #expect(reports.offsets == ["0": -1, "1": -1, "2": -1])
        test.loop.run(limit: .seconds(1))
        #expect(test.broker.values(t0) == ["0", "1", "2"])
    }

    @Test func aFullProducerSaysSoAndWhenItHasRoomAgain() {
        let test = TestClient()
        test.broker.createTopic("t")
        let producer = test.producer { $0.bufferMemory = 400 }
        var rooms = 0
        producer.onRoom = { rooms += 1 }
        let reports = Reports()
        send(0..<5, to: producer, reports)
        #expect(!producer.isFull)
        send(5..<20, to: producer, reports)
        #expect(producer.isFull)
        #expect(flush(producer, test))
        #expect(rooms == 1)
        #expect(!producer.isFull)
    }

    @Test func aRecordLargerThanARequestIsRefusedAtOnce() {
        let test = TestClient()
        let producer = test.producer { $0.maximumRequestSize = 1_000 }
        var code: ClientError.Code?
        producer.send(ProducerRecord(topic: "t", value: Array(repeating: 0, count: 1_000))) { result in
            if case .failure(let error) = result { code = error.code }
        }
        #expect(code == .recordTooLarge)
        #expect(producer.outstandingRecords == 0)
    }

    @Test func aNewLeaderIsFollowed() {
        let test = TestClient()
        test.broker.createTopic("t")
        let other = FakeBroker(port: 9093)
        test.loop.brokers[other.endpoint] = other
        test.broker.otherNodes[2] = other.endpoint
        let producer = test.producer()
        let reports = Reports()
        send(0..<3, to: producer, reports)
        #expect(flush(producer, test))
        test.broker.fault = { $0 == .produce ? .error(.notLeaderOrFollower) : nil }
        test.broker.leaders[t0] = (2, 1)
        other.logs = test.broker.logs
        send(3..<6, to: producer, reports)
        #expect(flush(producer, test))
        #expect(other.values(t0) == (0..<6).map(String.init))
        #expect(reports.errors.isEmpty)
    }

    @Test func closingReportsWhatIsLeft() {
        let test = TestClient()
        test.broker.createTopic("t")
        test.broker.fault = { $0 == .produce ? .silence : nil }
        let producer = test.producer()
        let reports = Reports()
        send(0..<3, to: producer, reports)
        test.loop.run(limit: .milliseconds(100))
        send(3..<5, to: producer, reports)
        producer.close()
        #expect(reports.errors.count == 5)
        #expect(reports.errors.values.allSatisfy { $0.code == .closed })
        send(9..<10, to: producer, reports)
        #expect(reports.errors["9"]?.code == .closed)
    }
}
