import Bytes
import KafkaProtocol
import Records
import Runtime
import Testing

@testable import KafkaClientCore

struct PartitionQueueTests {
    private let now = MonotonicTime(nanoseconds: 1_000_000_000)
    private let identity = ProducerIdentity(id: 42, epoch: 0)

    private func batch(_ id: Int, records: Int = 1) -> ProducerBatch {
        let open = OpenBatch(openedAt: now, compression: .none, level: nil)
        for record in 0..<records {
            open.append(ProducerRecord(topic: "t", value: "\(record)".bytes), timestamp: 5, delivery: nil)
        }
        return open.seal(id: id, scratch: CodecScratch())
    }

    private func queue(_ sizes: [Int], isIdempotent: Bool = true) -> PartitionQueue {
        var queue = PartitionQueue(maximumInFlight: 5, isIdempotent: isIdempotent)
        for (id, size) in sizes.enumerated() { queue.enqueue(batch(id, records: size)) }
        if isIdempotent { queue.assign(identity) }
        return queue
    }

    /// A queue whose first batch, of the id -1, is written.
    private func startedQueue(_ sizes: [Int]) -> PartitionQueue {
        var queue = PartitionQueue(maximumInFlight: 5, isIdempotent: true)
        queue.assign(identity)
        queue.enqueue(batch(-1))
        _ = queue.take(now)
        _ = queue.delivered(-1)
        for (id, size) in sizes.enumerated() { queue.enqueue(batch(id, records: size)) }
        return queue
    }

    /// Takes all that may go, as "id:epoch/sequence".
    private func take(_ queue: inout PartitionQueue) throws -> [String] {
        var taken: [String] = []
        while let batch = queue.take(now) {
            let view = try batch.bytes.withUnsafeBytes { bytes throws in
                let view = try RecordBatchView(bytes)
                #expect(view.isChecksumValid)
                return view.header
            }
            taken.append("\(batch.id):\(view.producerEpoch)/\(view.baseSequence)")
        }
        return taken
    }

    @Test func sequencesCountRecordsAndFiveBatchesMayBeInFlight() throws {
        var queue = queue([3, 1, 1, 1, 1, 1, 1])
        // Until the broker has one, a second could overtake it.
        #expect(try take(&queue) == ["0:0/0"])
        _ = queue.delivered(0)
        #expect(try take(&queue) == ["1:0/3", "2:0/4", "3:0/5", "4:0/6", "5:0/7"])
        _ = queue.delivered(1)
        #expect(try take(&queue) == ["6:0/8"])
    }

    @Test func nothingGoesOutBeforeThereIsAnIdentity() throws {
        var queue = PartitionQueue(maximumInFlight: 5, isIdempotent: true)
        queue.enqueue(batch(0))
        #expect(queue.needsIdentity)
        #expect(try take(&queue).isEmpty)
        queue.assign(identity)
        #expect(!queue.needsIdentity)
        #expect(try take(&queue) == ["0:0/0"])
    }

    @Test func failedBatchesGoAgainInOrderWithTheirSequencesOnceAllAreAnswered() throws {
        var queue = startedQueue([1, 1, 1, 1, 1])
        #expect(try take(&queue).count == 5)
        queue.enqueue(batch(5))
        // The answers come in any order; only the third was written.
        queue.failed(3, .networkException, retryAt: now)
        queue.failed(0, .notEnoughReplicas, retryAt: now)
        _ = queue.delivered(2)
        #expect(try take(&queue).isEmpty)
        queue.failed(1, .outOfOrderSequenceNumber, retryAt: now)
        queue.failed(4, .networkException, retryAt: now)
        // One by one, so that the broker does not forget what it may have of them.
        for (id, sequence) in [(0, 1), (1, 2), (3, 4), (4, 5)] {
            #expect(try take(&queue) == ["\(id):0/\(sequence)"])
            _ = queue.delivered(id)
        }
        #expect(try take(&queue) == ["5:0/6"])
    }

    @Test func aRetryWaitsForItsTime() throws {
        var queue = queue([1])
        #expect(try take(&queue).count == 1)
        queue.failed(0, .networkException, retryAt: now + .milliseconds(100))
        #expect(!queue.canTake(now))
        #expect(queue.nextAttempt == now + .milliseconds(100))
        #expect(queue.canTake(now + .milliseconds(100)))
    }

    @Test func aGapBeforeTheFirstBatchStartsTheNextEpoch() throws {
        var queue = startedQueue([1, 1, 1])
        #expect(try take(&queue).count == 3)
        // The first can never be written; the others were refused because it is missing.
        _ = queue.rejected(0)
        queue.failed(1, .outOfOrderSequenceNumber, retryAt: now)
        queue.failed(2, .outOfOrderSequenceNumber, retryAt: now)
        #expect(try take(&queue) == ["1:1/0"])
        _ = queue.delivered(1)
        #expect(try take(&queue) == ["2:1/1"])
    }

    @Test func aRefusedIdentityIsReplaced() throws {
        var queue = startedQueue([1, 1])
        #expect(try take(&queue).count == 2)
        queue.failed(0, .invalidProducerEpoch, retryAt: now)
        queue.failed(1, .invalidProducerEpoch, retryAt: now)
        #expect(queue.needsIdentity)
        #expect(queue.refusedProducerId == 42)
        queue.assign(ProducerIdentity(id: 43, epoch: 0))
        #expect(try take(&queue) == ["0:0/0"])
    }

    @Test func theLastEpochIsFollowedByANewIdentity() throws {
        var queue = PartitionQueue(maximumInFlight: 5, isIdempotent: true)
        queue.enqueue(batch(0))
        queue.assign(ProducerIdentity(id: 42, epoch: .max))
        #expect(try take(&queue) == ["0:32767/0"])
        queue.failed(0, .outOfOrderSequenceNumber, retryAt: now)
        #expect(queue.needsIdentity)
    }

    @Test func withoutIdempotenceOneBatchIsInFlightAndNothingIsStamped() throws {
        var queue = queue([1, 1], isIdempotent: false)
        #expect(try take(&queue) == ["0:-1/-1"])
        queue.failed(0, .networkException, retryAt: now)
        #expect(try take(&queue) == ["0:-1/-1"])
        _ = queue.delivered(0)
        #expect(try take(&queue) == ["1:-1/-1"])
    }

    @Test func sequencesWrapToZero() throws {
        var queue = PartitionQueue(maximumInFlight: 5, isIdempotent: true)
        queue.assign(identity)
        #expect(RecordBatchHeader.sequence(.max, after: 1) == 0)
        queue.enqueue(batch(0, records: 2))
        #expect(try take(&queue) == ["0:0/0"])
    }

    @Test func onlyWhatIsNotInFlightExpires() throws {
        var queue = queue([1, 1])
        _ = queue.take(now)
        queue.enqueue(batch(2))
        let expired = queue.takeExpired(createdUntil: now)
        #expect(expired.map(\.id) == [1, 2])
        #expect(queue.inFlight.map(\.id) == [0])
        let left = queue.removeAll()
        #expect(left.map(\.id) == [0])
        #expect(queue.isEmpty)
    }
}
