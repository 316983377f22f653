import Collections
import Testing

@Suite struct DequeTests {
    @Test func behavesAsAnArrayDoes() {
        var generator = SystemRandomNumberGenerator()
        var deque = Deque<Int>()
        var model: [Int] = []
        for step in 0..<20_000 {
            switch Int.random(in: 0..<9, using: &generator) {
            case 0, 1, 2:
                deque.append(step)
                model.append(step)
            case 3, 4:
                deque.prepend(step)
                model.insert(step, at: 0)
            case 5, 6:
                #expect(deque.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 7:
                #expect(deque.popLast() == model.popLast())
            default:
                guard let index = model.indices.randomElement() else { continue }
                deque[index] = -step
                model[index] = -step
            }
            #expect(deque.count == model.count)
            if step % 97 == 0 { #expect(Array(deque) == model) }
        }
    }

    @Test func copiesDoNotSeeEachOther() {
        var first: Deque = [1, 2, 3]
        let second = first
        first.append(4)
        _ = first.popFirst()
        #expect(Array(first) == [2, 3, 4])
        #expect(Array(second) == [1, 2, 3])
    }

    @Test func letsGoOfWhatIsTaken() {
        final class Tracked {}
        var deque = Deque<Tracked>()
        weak var seen: Tracked?
        do {
            let object = Tracked()
            seen = object
            deque.append(object)
        }
        #expect(seen != nil)
        _ = deque.popFirst()
        #expect(seen == nil)
    }

    @Test func anElementIsChangedWhereItLies() {
        var deque: Deque<[Int]> = [[1, 2, 3], [4]]
        let before = deque[0].withUnsafeBufferPointer { $0.baseAddress }
        deque[0][1] = 9
        #expect(deque[0].withUnsafeBufferPointer { $0.baseAddress } == before)
        #expect(Array(deque) == [[1, 9, 3], [4]])
    }
}
