import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Re2Patterns
import Testing

@testable import GroupCoordinator

/// Subscriptions by regular expression.
@Suite struct PatternTests {
    private let bench = GroupBench()

    @Test func whatAPatternMatchesIsStoredOnceForTheGroup() throws {
        let first = try bench.create("x1", partitions: 2)
        try bench.create("y1", partitions: 2)
        let one = ConsumerClient(bench, "one")
        try one.join(nil, pattern: "x.*")
        #expect(one.owned == [first: [0, 1]])
        #expect(bench.group("g")?.patterns["x.*"]?.topics == ["x1"])
        let row = try bench.describe("g").members.first
        #expect(row?.subscribedTopicNames == [])
        #expect(row?.subscribedTopicRegex == "x.*")
        #expect(bench.machine.groups["g"]?.isSubscribed(to: "x1") == true)
        #expect(bench.machine.groups["g"]?.isSubscribed(to: "y1") == false)
    }

    @Test func namesAndAPatternAddUp() throws {
        let first = try bench.create("x1", partitions: 1)
        let other = try bench.create("y1", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["y1"], pattern: "x.*")
        #expect(one.owned == [first: [0], other: [0]])
    }

    @Test func newTopicsAreFoundAfterAPause() throws {
        try bench.create("x1", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join([], pattern: "x.*")
        let later = try bench.create("x2", partitions: 1)
        try bench.pass(9_000)
        try one.beat()
        #expect(one.count == 1)
        try bench.pass(1_000)
        try bench.settle([one])
        #expect(one.owned[later] == [0])
    }

    @Test func aDeletedTopicIsForgotten() throws {
        let first = try bench.create("x1", partitions: 1)
        try bench.create("x2", partitions: 1, id: 20)
        let one = ConsumerClient(bench, "one")
        try one.join([], pattern: "x.*")
        try bench.delete(first)
        try bench.pass(10_000)
        try bench.settle([one])
        #expect(one.count == 1)
        #expect(bench.group("g")?.patterns["x.*"]?.topics == ["x2"])
    }

    @Test func patternsAreLookedAtAgainNowAndThen() throws {
        try bench.create("x1", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join([], pattern: "x.*")
        let time = try #require(bench.group("g")?.patterns["x.*"]?.time)
        for _ in 0..<20 {
            try bench.pass(30_000)
            try one.beat()
        }
        #expect(bench.group("g")?.patterns["x.*"]?.time == time + 600_000)
    }

    @Test func aPatternThatNobodyUsesIsDeleted() throws {
        try bench.create("x1", partitions: 1)
        try bench.create("y1", partitions: 1)
        let one = ConsumerClient(bench, "one")
        let two = ConsumerClient(bench, "two")
        try one.join([], pattern: "x.*")
        try bench.pass(1_000)
        try two.join([], pattern: "x.*")
        try one.send(one.request { $0.subscribedTopicRegex = "y.*" })
        #expect(bench.group("g")?.patterns.keys.sorted() == ["x.*", "y.*"])
        try two.send(two.request { $0.subscribedTopicRegex = "" })
        #expect(bench.group("g")?.patterns.keys.sorted() == ["y.*"])
        try one.leave()
        #expect(bench.group("g")?.patterns.isEmpty == true)
    }

    @Test func anotherPatternChangesWhatAMemberGets() throws {
        try bench.create("x1", partitions: 1)
        let other = try bench.create("y1", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join([], pattern: "x.*")
        try bench.pass(1_000)
        try one.send(one.request { $0.subscribedTopicRegex = "y.*" })
        try bench.settle([one])
        #expect(one.owned == [other: [0]])
    }

    // MARK: RE2

    @Test func re2MatchesWholeNames() throws {
        let pattern = try Re2Patterns().compile("or(ders|ders-[0-9]+)")
        #expect(pattern.matches("orders"))
        #expect(pattern.matches("orders-12"))
        #expect(!pattern.matches("orders-"))
        #expect(!pattern.matches("my-orders"))
        #expect(try Re2Patterns().compile("").matches(""))
        #expect(try !Re2Patterns().compile("").matches("x"))
    }

    @Test(arguments: [
        ("([a", "missing closing ]"), ("(?=x)y", "invalid or unsupported Perl syntax"), ("(a", "missing closing )"),
        ("a)", "unexpected )"), ("\\", "trailing backslash at end of expression"),
        ("*", "missing argument to repetition operator"), ("a{5000}", "invalid repeat count"),
        ("a**", "invalid nested repetition operator"), ("[b-a]", "invalid character class range"),
        ("\\Q\\j\\E\\j", "invalid escape sequence"), ("(?P<n", "invalid named capture"),
        ("((a{100}){100}){100}", "invalid repeat count"),
    ])
    func re2SaysWhatIsWrongInKafkasWords(expression: String, reason: String) {
        #expect(throws: TopicPatternError(reason)) { try Re2Patterns().compile(expression) }
    }
}
