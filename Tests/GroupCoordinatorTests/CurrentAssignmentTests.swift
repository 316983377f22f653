import Bytes
import Testing

@testable import GroupCoordinator

/// The steps of a member to its target.
@Suite struct CurrentAssignmentTests {
    private let topic = UUID(high: 1, low: 1)
    private let other = UUID(high: 1, low: 2)

    private func goal(
        _ epoch: Int32, _ target: PartitionSet, owned: PartitionSet? = nil, taken: Set<Int32> = [],
        subscribed: Set<UUID>? = nil, changed: Bool = false
    ) -> ReconciliationGoal {
        let subscribed = subscribed ?? [topic, other]
        return ReconciliationGoal(
            epoch: epoch, target: target, reads: { subscribed.contains($0) }, subscriptionChanged: changed,
            owned: owned, isFree: { !taken.contains($0.partition) })
    }

    private func stable(_ epoch: Int32, _ assigned: DatedPartitions) -> CurrentAssignment {
        CurrentAssignment(state: .stable, epoch: epoch, previousEpoch: epoch - 1, assigned: assigned)
    }

    @Test func whatIsFreeIsGivenAtOnce() {
        let next = stable(1, [:]).next(toward: goal(2, [topic: [0, 1]]))
        #expect(
            next
                == CurrentAssignment(
                    state: .stable, epoch: 2, previousEpoch: 1, assigned: [topic: [0: 2, 1: 2]]))
    }

    @Test func aMemberStaysInItsEpochUntilItHasGivenUp() {
        let start = stable(1, [topic: [0: 1, 1: 1]])
        let waiting = start.next(toward: goal(2, [topic: [1, 2]], owned: [topic: [0, 1]]))
        #expect(
            waiting
                == CurrentAssignment(
                    state: .unrevoked, epoch: 1, previousEpoch: 1, assigned: [topic: [1: 1]],
                    revoking: [topic: [0: 1]]))
        #expect(waiting.next(toward: goal(2, [topic: [1, 2]])) == waiting)
        #expect(waiting.next(toward: goal(2, [topic: [1, 2]], owned: [topic: [0]])) == waiting)
        let done = waiting.next(toward: goal(2, [topic: [1, 2]], owned: [topic: [1]]))
        #expect(
            done
                == CurrentAssignment(
                    state: .stable, epoch: 2, previousEpoch: 1, assigned: [topic: [1: 1, 2: 2]]))
    }

    @Test func whatTheMemberDoesNotHaveNeedsNoGivingUp() {
        let next = stable(1, [topic: [0: 1]]).next(toward: goal(2, [topic: [1]], owned: [:]))
        #expect(next.state == .stable)
        #expect(next.assigned == [topic: [1: 2]])
    }

    @Test func aMemberWaitsForWhatOthersHave() {
        let waiting = stable(1, [:]).next(toward: goal(2, [topic: [0, 1]], taken: [1]))
        #expect(waiting.state == .unreleased)
        #expect(waiting.epoch == 2)
        #expect(waiting.assigned == [topic: [0: 2]])
        let still = waiting.next(toward: goal(2, [topic: [0, 1]], taken: [1]))
        #expect(still.state == .unreleased)
        #expect(still.assigned == waiting.assigned)
        let done = waiting.next(toward: goal(3, [topic: [0, 1]]))
        #expect(done.state == .stable)
        #expect(done.assigned == [topic: [0: 2, 1: 3]])
    }

    @Test func topicsThatWereUnsubscribedGoBeforeThereIsANewTarget() {
        let start = stable(2, [topic: [0: 1], other: [5: 1]])
        let asked = start.next(toward: goal(2, [topic: [0], other: [5]], subscribed: [topic], changed: true))
        #expect(asked.state == .unrevoked)
        #expect(asked.epoch == 2)
        #expect(asked.assigned == [topic: [0: 1]])
        #expect(asked.revoking == [other: [5: 1]])
        let gone = start.next(
            toward: goal(2, [topic: [0], other: [5]], owned: [topic: [0]], subscribed: [topic], changed: true))
        #expect(gone.state == .stable)
        #expect(gone.assigned == [topic: [0: 1]])
        #expect(gone.revoking.isEmpty)
    }

    @Test func whatWasUnsubscribedWhileGivingUpIsAdded() {
        let start = CurrentAssignment(
            state: .unrevoked, epoch: 2, previousEpoch: 2, assigned: [topic: [0: 1], other: [5: 1]],
            revoking: [topic: [1: 1]])
        let next = start.next(toward: goal(3, [:], subscribed: [topic], changed: true))
        #expect(next.state == .unrevoked)
        #expect(next.assigned == [topic: [0: 1]])
        #expect(next.revoking == [topic: [1: 1], other: [5: 1]])
    }

    @Test func nothingChangesInTheTargetsEpoch() {
        let start = stable(2, [topic: [0: 1]])
        #expect(start.next(toward: goal(2, [topic: [0, 1]])) == start)
        #expect(start.next(toward: goal(2, [topic: [0]], changed: true)) == start)
    }

    @Test func aStateThatIsNotKnownStartsAnew() {
        let start = CurrentAssignment(state: .unknown, epoch: 5, previousEpoch: 4, assigned: [topic: [0: 1]])
        let next = start.next(toward: goal(7, [topic: [1]], owned: [:]))
        #expect(next.state == .stable)
        #expect(next.epoch == 7)
        #expect(next.assigned == [topic: [1: 7]])
    }
}
