import Bytes
import Glibc
import Runtime
import Synchronization
import Testing

@Suite struct ShardTests {
    @Test func everyMessageOfABurstArrivesInOrder() throws {
        let posters = 4
        let each = 20_000
        let sums = Reports<Int>()
        let ready = try Rendezvous<[Mailbox<Int>]>()
        let handle = try Shard.start(name: "mail") { shard in
            var received = 0
            let boxes = (0..<posters).map { _ in
                var last = -1
                return shard.makeMailbox { (message: Int) in
                    if message != last + 1 { sums.report(-1) }
                    last = message
                    received += 1
                    if received == posters * each { sums.report(received) }
                }
            }
            ready.put(boxes)
        }
        let tasks = try ready.wait().map { box in
            try Background { for number in 0..<each { box.post(number) } }
        }
        for task in tasks { try task.finish() }
        #expect(sums.next() == posters * each)
        handle.stop()
        handle.join()
    }

    @Test func aFullMailboxRefuses() throws {
        try Shard.run { shard in
            var received: [Int] = []
            let box = shard.makeMailbox(capacity: 3) { (message: Int) in
                received.append(message)
                if message == 2 { shard.stop() }
            }
            for number in 0..<5 { #expect(box.post(number) == (number < 3)) }
            shard.onEndOfTick { #expect(received == [0, 1, 2]) }
        }
    }

    /// More mailboxes than there are bits to tell them apart.
    @Test func manyMailboxesShareTheWaker() throws {
        var received: Set<Int> = []
        try Shard.run { shard in
            let boxes = (0..<100).map { number in
                shard.makeMailbox { (message: Int) in
                    #expect(message == number)
                    received.insert(number)
                    if received.count == 100 { shard.stop() }
                }
            }
            for (number, box) in boxes.enumerated() { box.post(number) }
        }
        #expect(received.count == 100)
    }

    @Test func deadlinesRunInOrderAndCancelledOnesNot() throws {
        var order: [Int] = []
        try Shard.run { shard in
            let cancelled = shard.schedule(after: .milliseconds(5)) { order.append(-1) }
            shard.schedule(after: .milliseconds(3)) {
                order.append(2)
                shard.cancel(cancelled)
                shard.schedule(after: .milliseconds(5)) {
                    order.append(4)
                    shard.stop()
                }
            }
            shard.schedule(after: .milliseconds(3)) { order.append(3) }
            shard.schedule(at: shard.now) { order.append(1) }
        }
        #expect(order == [1, 2, 3, 4])
    }

    @Test func deadlinesAreNeverEarly() throws {
        try Shard.run { shard in
            var left = 50
            func next() {
                let target = shard.now + .microseconds(Int64(left) * 37)
                shard.schedule(at: target) {
                    #expect(MonotonicTime.current() >= target)
                    left -= 1
                    left == 0 ? shard.stop() : next()
                }
            }
            next()
        }
    }

    @Test func aTickHasItsOrder() throws {
        var order: [String] = []
        try Shard.run { shard in
            shard.onEndOfTick { order.append("first") }
            shard.onEndOfTick {
                order.append("second")
                if order.count > 8 { shard.stop() } else { shard.requestTick() }
            }
            let box = shard.makeMailbox { (_: Int) in order.append("message") }
            box.post(0)
            shard.perform {
                order.append("put off")
                shard.perform { order.append("put off again") }
            }
        }
        #expect(
            order == ["message", "put off", "first", "second", "put off again", "first", "second", "first", "second"])
    }

    @Test func jobsRunOnThePoolAndEndOnTheShard() throws {
        let pool = try BlockingPool(name: "jobs", threads: 3)
        var results: [Int] = []
        try Shard.run { shard in
            for number in 0..<200 {
                do {
                    try shard.run(on: pool, job: { number * number }) { result in
                        results.append(result)
                        if results.count == 200 { shard.stop() }
                    }
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        #expect(results.sorted() == (0..<200).map { $0 * $0 })
        #expect((1...3).contains(pool.statistics.threads))
        pool.shutDown()
        #expect(pool.statistics.finished == 200)
        #expect(throws: BlockingPool.Refused.self) { try pool.submit {} }
    }

    @Test func aFullPoolRefusesAndSaysSo() throws {
        let pool = try BlockingPool(name: "narrow", threads: 1, queueCapacity: 2)
        let gate = try Rendezvous<Int>()
        let running = try Rendezvous<Int>()
        try pool.submit {
            running.put(1)
            _ = gate.wait()
        }
        _ = running.wait()
        try pool.submit {}
        try pool.submit {}
        #expect(throws: BlockingPool.Refused.self) { try pool.submit {} }
        let statistics = pool.statistics
        #expect(statistics.queued == 2 && statistics.running == 1 && statistics.refused == 1)
        gate.put(1)
        pool.shutDown()
        #expect(pool.statistics.finished == 3)
    }

    @Test func signalsArriveAsEvents() throws {
        let seen = Reports<Int32>()
        let handle = try Shard.start(name: "signals") { shard in
            do {
                try shard.onSignal([SIGUSR1, SIGUSR2]) { signal in
                    seen.report(signal)
                    if signal == SIGUSR2 { shard.stop() }
                }
            } catch {
                Issue.record("\(error)")
            }
            // To this thread only: the threads of the test runner do not block them.
            pthread_kill(pthread_self(), SIGUSR1)
            shard.schedule(after: .milliseconds(1)) { pthread_kill(pthread_self(), SIGUSR2) }
        }
        #expect(seen.next() == SIGUSR1)
        #expect(seen.next() == SIGUSR2)
        handle.join()
    }

    @Test func theWallClockIsReadOnceATick() throws {
        try Shard.run { shard in
            let first = shard.wallClockMs
            #expect(first > 1_600_000_000_000)
            let end = MonotonicTime.current() + .milliseconds(3)
            while MonotonicTime.current() < end {}
            #expect(shard.wallClockMs == first)
            shard.schedule(after: .milliseconds(3)) {
                #expect(shard.wallClockMs > first)
                shard.stop()
            }
        }
    }

    @Test func intervalsSaturate() {
        #expect(Interval.seconds(.max) == .forever)
        #expect(Interval.milliseconds(.min).nanoseconds == .min)
        #expect(MonotonicTime.distantFuture + .seconds(1) == .distantFuture)
        #expect(MonotonicTime(nanoseconds: .max) - MonotonicTime(nanoseconds: -1) == .forever)
        #expect(MonotonicTime(nanoseconds: 5) - MonotonicTime(nanoseconds: 2) == .nanoseconds(3))
        #expect(Interval.milliseconds(1_500).milliseconds == 1_500)
    }
}
