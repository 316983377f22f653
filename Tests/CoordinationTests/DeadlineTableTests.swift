import Testing

@testable import Coordination

@Suite struct DeadlineTableTests {
    @Test func deadlinesComeInTheirOrder() {
        var table = DeadlineTable<String>()
        for (name, deadline) in [("c", Int64(30)), ("a", 10), ("b", 20)] { table.set(name, deadline) }
        #expect(table.next == 10)
        #expect(table.pop(at: 9) == nil)
        #expect(table.pop(at: 25) == "a")
        #expect(table.pop(at: 25) == "b")
        #expect(table.pop(at: 25) == nil)
        #expect(table.pop(at: 30) == "c")
        #expect(table.next == nil)
    }

    @Test func aDeadlineMovesBothWaysAndIsCancelled() {
        var table = DeadlineTable<String>()
        table.set("later", 10)
        table.set("later", 50)
        table.set("earlier", 40)
        table.set("earlier", 5)
        table.set("gone", 1)
        table.cancel("gone")
        #expect(table.pop(at: 39) == "earlier")
        #expect(table.pop(at: 39) == nil)
        #expect(table.pop(at: 49) == nil)
        #expect(table.pop(at: 50) == "later")
        #expect(table.count == 0)
    }

    @Test func settingAndCancellingForeverKeepsItSmall() {
        var table = DeadlineTable<Int>()
        for round in 0..<10_000 {
            table.set(1, Int64(1_000_000 - round))
            table.set(2, Int64(2_000_000 + round))
            table.cancel(1)
        }
        #expect(table.heapSize < 200)
        #expect(table.pop(at: .max) == 2)
    }
}
