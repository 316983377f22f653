import Bytes
import CommandLine
import Testing

@testable import martlet

struct OffsetPlanTests {
    private let orders = TopicPartition(topic: "orders", partition: 0)
    private let other = TopicPartition(topic: "orders", partition: 1)

    private func bounds(_ committed: Int64?, _ earliest: Int64, _ latest: Int64, time: Int64? = nil) -> OffsetBounds {
        OffsetBounds(committed: committed, earliest: earliest, latest: latest, atTime: time)
    }

    @Test func eachTargetHasItsPlace() throws {
        let known = bounds(50, 10, 100, time: 70)
        let cases: [(OffsetTarget, Int64)] = [
            (.earliest, 10), (.latest, 100), (.current, 50), (.offset(42), 42), (.shift(-5), 45), (.shift(5), 55),
            (.time(1), 70), (.listed([orders: 33]), 33),
        ]
        for (target, expected) in cases { #expect(try target.destination(orders, known) == expected, "\(target)") }
    }

    @Test func whatLiesOutsideIsBroughtToTheNearerEnd() throws {
        let known = bounds(50, 10, 100)
        let cases: [(OffsetTarget, Int64)] = [
            (.offset(0), 10), (.offset(1_000), 100), (.shift(-100), 10), (.shift(.min), 10), (.shift(.max), 100),
            (.listed([orders: 5]), 10), (.listed([orders: 500]), 100),
        ]
        for (target, expected) in cases { #expect(try target.destination(orders, known) == expected, "\(target)") }
    }

    @Test func whatWasAskedForIsKeptWhereItLiesOutside() throws {
        let known = bounds(50, 10, 100)
        let cases: [(OffsetTarget, Int64?, String?)] = [
            (.offset(9), 9, "9 is before the start of the log"), (.offset(101), 101, "101 is past the end of the log"),
            (.shift(-41), 9, "9 is before the start of the log"), (.offset(10), nil, nil), (.offset(100), nil, nil),
            (.listed([orders: 500]), 500, "500 is past the end of the log"), (.earliest, nil, nil),
        ]
        for (target, wanted, note) in cases {
            let move = try #require(try target.plan([orders: known]).first)
            #expect(move.wanted == wanted && move.note == note, "\(target)")
        }
        // Where the group is it may stay, also outside of the log.
        let gone = try #require(try OffsetTarget.current.plan([orders: bounds(5, 10, 100)]).first)
        #expect(gone == OffsetMove(partition: orders, from: 5, to: 5))
    }

    @Test func withoutAnOffsetTheEndIsTheCurrentPlace() throws {
        let known = bounds(nil, 10, 100)
        #expect(try OffsetTarget.current.destination(orders, known) == 100)
        #expect(try OffsetTarget.time(5).destination(orders, known) == 100)
        #expect(throws: OffsetPlanError.nothingToShift(orders)) {
            try OffsetTarget.shift(1).destination(orders, known)
        }
    }

    @Test func aPlanIsInOrderAndSaysWhereFrom() throws {
        let moves = try OffsetTarget.earliest.plan([other: bounds(nil, 0, 4), orders: bounds(3, 1, 4)])
        #expect(
            moves == [
                OffsetMove(partition: orders, from: 3, to: 1), OffsetMove(partition: other, from: nil, to: 0),
            ])
    }
}

struct OffsetFileTests {
    private let orders = TopicPartition(topic: "orders", partition: 0)

    @Test func whatIsWrittenIsReadAgain() throws {
        let moves = [
            OffsetMove(partition: orders, from: 1, to: 7),
            OffsetMove(partition: TopicPartition(topic: "odd,\"name\"", partition: 12), from: nil, to: 0),
        ]
        let text = OffsetFile.text(moves)
        #expect(text == "orders,0,7\n\"odd,\"\"name\"\"\",12,0\n")
        let read = try OffsetFile.offsets(text, of: "g")
        #expect(read == Dictionary(uniqueKeysWithValues: moves.map { ($0.partition, $0.to) }))
    }

    @Test func ofSeveralGroupsOneIsRead() throws {
        let text = "g,orders,0,7\r\nother,orders,0,9\r\n\r\n\"g\", orders , 1, 8\r\n"
        let read = try OffsetFile.offsets(text, of: "g")
        #expect(read == [orders: 7, TopicPartition(topic: "orders", partition: 1): 8])
    }

    @Test(arguments: [
        "orders,0", "orders,0,x", "orders,-1,3", "orders,0,-1", ",0,1", "g,orders,x,1", "a,b,c,d,e", "\"orders,0,1",
    ])
    func whatIsNoOffsetIsRefusedWithItsLine(line: String) {
        #expect(throws: OffsetFile.Problem.self) { try OffsetFile.offsets(line, of: "g") }
        do {
            _ = try OffsetFile.offsets("orders,0,1\n\(line)\n", of: "g")
        } catch {
            #expect(error.line == 2)
        }
    }
}

struct GroupArgumentTests {
    @Test func partitionsAreNamedBehindTheTopic() throws {
        let all = (0..<3).map { TopicPartition(topic: "orders", partition: $0) }
        #expect(try PartitionsArgument(argument: "orders").chosen(from: all) == all)
        #expect(try PartitionsArgument(argument: "orders:2,0").chosen(from: all) == [all[0], all[2]])
        #expect(try PartitionsArgument(argument: "other").chosen(from: all).isEmpty)
        for text in ["", ":1", "orders:", "orders:-1", "orders:1,,2", "orders:x"] {
            #expect(throws: InvalidArgument.self, "\(text)") { try PartitionsArgument(argument: text) }
        }
    }

    @Test(arguments: [
        ("15m", 900_000), ("PT15M", 900_000), ("P1D", 86_400_000), ("P1DT2H3M4S", 93_784_000), ("PT0S", 0),
    ])
    func durationsAreReadInTwoForms(text: String, milliseconds: Int64) throws {
        #expect(try DurationArgument(argument: text).milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "P", "PT", "P1DT", "PT1", "P1H", "PT1S1M", "-PT1S", "P1Y", "PT1.5S", "PT99999999999999999999S",
    ])
    func otherTextIsNoDuration(text: String) {
        #expect(throws: InvalidArgument.self) { try DurationArgument(argument: text) }
    }
}
