import Testing

@testable import Replication

@Suite struct PartitionSubscribersTests {
    private final class Subscriber: PartitionSubscriber {
        var subscriberPlace = 0
        func partitionMoved(bytes: Int) {}
        func partitionClosed() {}
    }

    private func isIn(_ subscribers: PartitionSubscribers, _ wanted: Subscriber) -> Bool {
        subscribers.members.contains { $0 === wanted }
    }

    @Test func whoLeavesLeavesAlone() {
        var subscribers = PartitionSubscribers()
        let all = (0..<5).map { _ in Subscriber() }
        for each in all { subscribers.add(each) }
        for (number, leaving) in [2, 4, 0, 1, 3].map({ ($0, all[$0]) }) {
            subscribers.remove(leaving)
            #expect(!isIn(subscribers, leaving), "\(number)")
            subscribers.remove(leaving)
        }
        #expect(subscribers.members.isEmpty)
        for each in all { subscribers.add(each) }
        subscribers.remove(all[1])
        subscribers.remove(all[4])
        #expect([0, 2, 3].allSatisfy { isIn(subscribers, all[$0]) })
        #expect(subscribers.members.count == 3)
    }

    @Test func whoIsInAnotherListIsNotRemoved() {
        var (one, other) = (PartitionSubscribers(), PartitionSubscribers())
        let (here, there) = (Subscriber(), Subscriber())
        one.add(here)
        other.add(there)
        one.remove(there)
        #expect(isIn(one, here))
        one.removeAll()
        one.remove(here)
        #expect(one.members.isEmpty)
    }
}
