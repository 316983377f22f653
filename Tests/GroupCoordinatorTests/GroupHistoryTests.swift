import Bytes
import Testing

@testable import GroupCoordinator

struct GroupHistoryTests {
    private func event(_ number: Int, reason: String) -> GroupEvent {
        GroupEvent(time: Int64(number), generation: 1, kind: .joined, member: "m", reason: reason)
    }

    @Test func theLastEventsAreKept() {
        var histories = GroupHistories()
        for number in 0..<100 { histories.note(event(number, reason: "r"), of: "g") }
        #expect(histories.events(of: "g").map(\.time) == (36..<100).map(Int64.init))
    }

    @Test func whatClientsSayIsClipped() {
        let event = event(0, reason: String(repeating: "é", count: 40_000))
        #expect(event.reason.utf8.count < 600 && event.reason.hasSuffix("…"))
    }

    @Test func manyGroupsTakeNoMoreThanTheLimit() {
        var histories = GroupHistories()
        let reason = String(repeating: "r", count: 500)
        for group in 0..<500 {
            for number in 0..<64 { histories.note(event(number, reason: reason), of: "group-\(group)") }
            #expect(histories.cost <= GroupHistories.limit + 1_000)
        }
        #expect(histories.events(of: "group-0").isEmpty)
        #expect(histories.events(of: "group-499").count == 64)
    }
}
