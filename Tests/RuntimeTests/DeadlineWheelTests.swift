import Testing

@testable import Runtime

@Suite struct DeadlineWheelTests {
    /// Against a sorted list, with deadlines near and far, cancelled ones and steps of time of all sizes.
    @Test(arguments: 0..<20)
    func firesWhatAListWouldFire(seed: Int) throws {
        var generator = SplitMix(state: UInt64(seed))
        var wheel = DeadlineWheel()
        var model: [(due: Int64, number: Int, token: DeadlineToken)] = []
        var fired: [Int] = []
        var now: Int64 = 0
        var number = 0
        for _ in 0..<3_000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let reach = Int64(1) << Int64.random(in: 0..<42, using: &generator)
                let due = now + Int64.random(in: -3..<reach + 3, using: &generator)
                let mine = number
                number += 1
                let token = wheel.schedule(at: due) { fired.append(mine) }
                model.append((max(due, now + 1), mine, token))
            case 6, 7:
                guard let index = model.indices.randomElement(using: &generator) else { continue }
                let outcomes = [wheel.cancel(model[index].token), wheel.cancel(model[index].token)]
                try #require(outcomes == [true, false])
                model.remove(at: index)
            default:
                let reach = Int64(1) << Int64.random(in: 0..<40, using: &generator)
                now += Int64.random(in: 0..<reach, using: &generator)
                fired = []
                while let action = wheel.popDue(at: now) { action() }
                let due = model.filter { $0.due <= now }.sorted { ($0.due, $0.number) < ($1.due, $1.number) }
                try #require(fired == due.map(\.number))
                model.removeAll { $0.due <= now }
                let isAnyLeft = due.contains { wheel.cancel($0.token) }
                try #require(!isAnyLeft)
            }
            try #require(wheel.count == model.count)
            if let earliest = model.map(\.due).min(), let next = wheel.nextDue {
                try #require(next <= earliest && next >= now)
            } else {
                try #require(wheel.nextDue == nil && model.isEmpty)
            }
        }
    }

    @Test func aDeadlineSetByADeadlineIsDueLater() {
        var wheel = DeadlineWheel()
        var fired = 0
        _ = wheel.schedule(at: 5) { fired += 1 }
        wheel.popDue(at: 5)?()
        _ = wheel.schedule(at: 5) { fired += 1 }
        let early = wheel.popDue(at: 5)
        #expect(early.map { _ in true } == nil)
        wheel.popDue(at: 6)?()
        #expect(fired == 2)
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
