import Bytes
import KafkaProtocol
import Testing

@testable import Coordination

@Suite struct CoordinatorTests {
    private let coordinator = Coordinator(
        CounterMachine(), limits: { CoordinatorLimits(record: 4, decision: 3 * 34) }, ids: { .zero })

    private func at(_ milliseconds: Int64) -> CoordinatorTime {
        CoordinatorTime(clock: milliseconds, wall: milliseconds)
    }

    private func ask(_ command: CounterMachine.Command, _ number: UInt64, at moment: Int64 = 0) {
        coordinator.handle(command, from: ReplyToken(number), at: at(moment))
    }

    private func records(
        _ write: (version: StateVersion, records: [(key: [UInt8], value: [UInt8]?)])
    ) -> [CounterMachine.Record] {
        write.records.map { .init(name: String(decoding: $0.key, as: UTF8.self), value: Int($0.value?.first ?? 0)) }
    }

    private func answers() -> [String] {
        coordinator.takeAnswers().map { answer in
            switch answer.outcome {
            case .success(let value): "\(answer.token.number):\(value)"
            case .failure(let failure): "\(answer.token.number):\(failure.errorCode)"
            }
        }
    }

    @Test func aReplyWaitsForTheRecordsItRestsOn() {
        coordinator.load(.init(name: "a", value: 5))
        coordinator.finishLoading(at: at(0))
        ask(.read("a"), 1)
        #expect(answers() == ["1:5"])
        ask(.add("a", 1), 2)
        ask(.read("a"), 3)
        #expect(answers().isEmpty)
        let first = coordinator.takeRecords()
        #expect(records(first) == [.init(name: "a", value: 6)])
        ask(.read("a"), 4)
        ask(.add("b", 1), 5)
        #expect(answers().isEmpty)
        coordinator.committed(first.version, at: at(0))
        #expect(answers() == ["2:6", "3:6", "4:6"])
        let second = coordinator.takeRecords()
        coordinator.committed(second.version, at: at(0))
        #expect(answers() == ["5:1"])
        #expect(!coordinator.hasRecords)
    }

    @Test func aFailedWriteTakesBackEverythingSinceAndNothingBefore() {
        coordinator.finishLoading(at: at(0))
        ask(.add("a", 1), 1)
        let kept = coordinator.takeRecords()
        ask(.add("a", 1), 2)
        let failed = coordinator.takeRecords()
        ask(.add("b", 1), 3)
        let after = coordinator.takeRecords()
        ask(.add("c", 1), 4)
        ask(.read("a"), 5)
        coordinator.failed(failed.version, because: .notStored, at: at(0))
        coordinator.failed(after.version, because: .notStored, at: at(0))
        #expect(
            answers() == [
                "2:COORDINATOR_NOT_AVAILABLE", "3:COORDINATOR_NOT_AVAILABLE", "4:COORDINATOR_NOT_AVAILABLE",
                "5:COORDINATOR_NOT_AVAILABLE",
            ])
        #expect(!coordinator.hasRecords)
        #expect(coordinator.machine.counters.current == ["a": 1])
        coordinator.committed(kept.version, at: at(0))
        #expect(answers() == ["1:1"])
        // The next write is as good as any.
        ask(.add("a", 1), 6)
        ask(.read("b"), 7)
        let next = coordinator.takeRecords()
        coordinator.committed(next.version, at: at(0))
        #expect(answers() == ["6:2", "7:0"])
    }

    @Test func aReadAfterAFailureWaitsOnlyForWhatIsUnderWay() {
        coordinator.finishLoading(at: at(0))
        ask(.add("a", 1), 1)
        let under = coordinator.takeRecords()
        ask(.add("a", 1), 2)
        let failing = coordinator.takeRecords()
        coordinator.failed(failing.version, because: .notStored, at: at(0))
        _ = answers()
        ask(.read("a"), 3)
        #expect(answers().isEmpty)
        coordinator.committed(under.version, at: at(0))
        #expect(answers() == ["1:1", "3:1"])
        ask(.read("a"), 4)
        #expect(answers() == ["4:1"])
    }

    @Test func aNoteTellsHowAWriteEnded() {
        coordinator.finishLoading(at: at(0))
        ask(.addAndNote("a"), 1)
        let first = coordinator.takeRecords()
        ask(.addAndNote("a"), 2)
        let second = coordinator.takeRecords()
        coordinator.committed(first.version, at: at(0))
        #expect(coordinator.machine.notes == ["a committed 2"])
        coordinator.failed(second.version, because: .notStored, at: at(0))
        #expect(coordinator.machine.notes == ["a committed 2", "a failed 1", "reverted"])
    }

    /// Neither those before it in the same write nor those after it notice.
    @Test func aDecisionThatIsTooLargeIsTakenBackByItself() {
        coordinator.finishLoading(at: at(0))
        ask(.add("a", 1), 1)
        ask(.add("large", 1), 2)
        ask(.addAndNote("large"), 3)
        ask(.read("large"), 4)
        ask(.add("a", 1), 5)
        #expect(answers() == ["2:UNKNOWN_SERVER_ERROR"])
        #expect(coordinator.machine.notes == ["reverted", "large failed 0", "reverted"])
        #expect(coordinator.machine.counters.current == ["a": 2])
        let write = coordinator.takeRecords()
        #expect(records(write).map(\.value) == [1, 2])
        #expect(write.records.map(\.value) == [[1], [2]])
        coordinator.committed(write.version, at: at(0))
        #expect(answers() == ["1:1", "4:0", "5:2"])
    }

    @Test func aBatchHasWholeDecisions() {
        coordinator.finishLoading(at: at(0))
        ask(.add("a", 1), 1)
        ask(.addToAll(["a", "b"]), 2)
        ask(.add("c", 1), 3)
        ask(.addToAll(["d", "e", "f"]), 4)
        // Two records have room in each.
        var batches: [(version: StateVersion, records: [(key: [UInt8], value: [UInt8]?)])] = []
        while coordinator.hasRecords { batches.append(coordinator.takeRecords(upTo: 2 * 34)) }
        #expect(batches.map { $0.records.count } == [1, 2, 1, 3])
        coordinator.committed(batches[1].version, at: at(0))
        #expect(answers() == ["1:1", "2:2"])
        coordinator.failed(batches[2].version, because: .notStored, at: at(0))
        #expect(coordinator.machine.counters.current == ["a": 2, "b": 1])
        #expect(answers() == ["3:COORDINATOR_NOT_AVAILABLE", "4:COORDINATOR_NOT_AVAILABLE"])
    }

    @Test func decisionsShareABatchWhileThereIsRoom() {
        coordinator.finishLoading(at: at(0))
        for number in UInt64(1)...5 { ask(.add("a", 1), number) }
        #expect(records(coordinator.takeRecords(upTo: 3 * 34)).map(\.value) == [1, 2, 3])
        #expect(records(coordinator.takeRecords(upTo: 3 * 34)).map(\.value) == [4, 5])
    }

    @Test func whatIsDecidedSeparatelyIsStoredAsFarAsItComes() {
        coordinator.finishLoading(at: at(0))
        ask(.addToEach(["a", "b", "c", "d", "e"]), 1)
        let first = coordinator.takeRecords(upTo: 2 * 34)
        let second = coordinator.takeRecords(upTo: 2 * 34)
        #expect((first.records.count, second.records.count) == (2, 2))
        coordinator.failed(second.version, because: .notStored, at: at(0))
        coordinator.committed(first.version, at: at(0))
        #expect(coordinator.machine.counters.current == ["a": 1, "b": 1])
        #expect(answers() == ["1:COORDINATOR_NOT_AVAILABLE"])
        #expect(!coordinator.hasRecords)
    }

    @Test func aDecisionThatNoBatchHasRoomForIsTakenBackAsAWhole() {
        coordinator.finishLoading(at: at(0))
        ask(.addToAll(["a", "b", "c", "d"]), 1)
        #expect(answers() == ["1:UNKNOWN_SERVER_ERROR"])
        #expect(coordinator.machine.counters.current.isEmpty)
        #expect(!coordinator.hasRecords)
        ask(.addToAll(["a", "b", "c"]), 2)
        coordinator.committed(coordinator.takeRecords().version, at: at(0))
        #expect(answers() == ["2:3"])
    }

    @Test func whatWasDecidedAfterAFailureDoesNotFailWithWhatFailedBefore() {
        coordinator.finishLoading(at: at(0))
        ask(.add("a", 1), 1)
        let first = coordinator.takeRecords()
        ask(.add("a", 1), 2)
        let second = coordinator.takeRecords()
        coordinator.failed(first.version, because: .notStored, at: at(0))
        ask(.add("b", 1), 3)
        let third = coordinator.takeRecords()
        coordinator.failed(second.version, because: .notStored, at: at(0))
        _ = answers()
        coordinator.committed(third.version, at: at(0))
        #expect(answers() == ["3:1"])
    }

    @Test func deadlinesComeBackAsDecisions() {
        coordinator.finishLoading(at: at(0))
        ask(.addLater("a", wait: 10), 1, at: 100)
        #expect(coordinator.nextDeadline == 110)
        coordinator.wake(at: at(109))
        #expect(!coordinator.hasRecords)
        coordinator.wake(at: at(110))
        #expect(records(coordinator.takeRecords()) == [.init(name: "a", value: 1)])
        #expect(coordinator.nextDeadline == nil)
    }

    @Test func aDeadlineThatIsSetForTheSameMomentOnAndOnHoldsUpNobody() {
        coordinator.finishLoading(at: at(0))
        ask(.addOnAndOn("a"), 1, at: 100)
        coordinator.wake(at: at(100))
        #expect(records(coordinator.takeRecords()) == [.init(name: "a", value: 1)])
        #expect(coordinator.nextDeadline == 100)
        coordinator.wake(at: at(100))
        #expect(records(coordinator.takeRecords()) == [.init(name: "a", value: 2)])
    }
}
