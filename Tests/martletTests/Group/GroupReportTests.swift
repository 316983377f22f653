import Bytes
import CommandLine
import KafkaProtocol
import Testing

@testable import KafkaClientCore
@testable import martlet

struct GroupReportTests {
    private func partition(_ number: Int32) -> TopicPartition { TopicPartition(topic: "orders", partition: number) }

    private func report(
        committed: [Int32: Int64], ends: [Int32: Int64], oldest: [Int32: Int64] = [:], readers: [Int32] = [],
        instance: String? = nil, failures: [TopicPartition: Result<Int64, ClientError>] = [:]
    ) -> GroupReport {
        let member = GroupDescription.Member(
            id: "m1", instanceId: instance, clientId: "app", host: "127.0.0.1", assignment: readers.map(partition),
            target: nil, subscription: ["orders"])
        let description = GroupDescription(
            name: "billing", kind: .classic, state: "Stable", protocolType: "consumer", assignor: "range", epoch: nil,
            coordinator: 1, members: [member])
        func keyed<Value>(_ values: [Int32: Value]) -> [TopicPartition: Value] {
            Dictionary(uniqueKeysWithValues: values.map { (partition($0.key), $0.value) })
        }
        return GroupReport(
            description, committed: keyed(committed.mapValues { GroupOffset(offset: $0) }),
            ends: keyed(ends.mapValues { .success($0) }).merging(failures) { _, failure in failure },
            oldestUnread: keyed(oldest), now: 100_000)
    }

    @Test func lagIsCountedInRecordsAndTime() {
        let report = report(committed: [0: 5, 1: 9], ends: [0: 12, 1: 9], oldest: [0: 97_000], readers: [0, 1])
        #expect(report.rows.map(\.lag) == [7, 0])
        #expect(report.rows.map { $0.lagMilliseconds(now: report.now) } == [3_000, 0])
        #expect(report.lag == 7 && report.lagMilliseconds == 3_000)
    }

    @Test func whatIsNotKnownIsNotGuessed() {
        let report = report(committed: [0: 5, 1: 5], ends: [0: 12, 2: 3], readers: [2])
        #expect(report.rows.map(\.partition.partition) == [0, 1, 2])
        #expect(report.rows.map(\.lag) == [7, nil, nil])
        #expect(report.rows.map { $0.lagMilliseconds(now: report.now) } == [nil, nil, nil])
        #expect(report.rows.map { $0.member?.id } == [nil, nil, "m1"])
        #expect(report.lag == 7 && report.lagMilliseconds == nil)
    }

    @Test func anEndThatIsNotKnownIsAProblem() {
        let gone = ClientError(ErrorCode.unknownTopicOrPartition.rawValue, doing: "finding topic orders")
        let late = ClientError(.timedOut, "no offset of orders-3 in time")
        let report = report(
            committed: [0: 5, 1: 5, 2: 5, 3: 5], ends: [0: 12],
            failures: [partition(1): .failure(gone), partition(2): .failure(gone), partition(3): .failure(late)])
        #expect(report.rows.map(\.end) == [12, nil, nil, nil])
        #expect(
            report.problems == [
                """
                group billing: the end of orders-1 and 1 other partition is not known: finding topic orders: there is no \
                such topic or partition (UNKNOWN_TOPIC_OR_PARTITION)
                """,
                "group billing: the end of orders-3 is not known: no offset of orders-3 in time",
            ])
        #expect(self.report(committed: [0: 5], ends: [0: 12]).problems.isEmpty)
    }

    @Test func aLogThatEndsBeforeTheOffsetShows() {
        let report = report(committed: [0: 12], ends: [0: 5])
        #expect(report.rows.map(\.lag) == [-7] && report.lag == 0)
        #expect(report.lagMilliseconds == 0)
    }

    @Test func aRecordOfTheFutureHasNotWaited() {
        #expect(report(committed: [0: 5], ends: [0: 12], oldest: [0: 200_000]).lagMilliseconds == 0)
    }

    @Test func textAndJSONSayTheSame() {
        let report = report(committed: [0: 5], ends: [0: 12, 1: 3], oldest: [0: 97_955], readers: [0, 1])
        let style = Style(isTerminal: false, environment: [:], width: 80)
        #expect(
            report.text(style) == """
                billing  stable  classic  assignor range  coordinator 1
                  topic   partition  committed  end  lag  behind  member  client  host
                  orders  0          5          12   7    2.0 s   m1      app     127.0.0.1
                  orders  1          -          3    -    -       m1      app     127.0.0.1
                  7 records wait, the oldest for 2.0 s

                """)
        var output: [UInt8] = []
        output.appendReport(report)
        #expect(
            String(decoding: output, as: UTF8.self) == """
                {"group":"billing","state":"Stable","type":"classic","protocolType":"consumer","assignor":"range",\
                "epoch":null,"coordinator":1,"lag":7,"lagSeconds":2.045,"members":[{"member":"m1","instance":null,\
                "client":"app","host":"127.0.0.1","assignment":[{"topic":"orders","partition":0},\
                {"topic":"orders","partition":1}]}],"partitions":[{"topic":"orders","partition":0,"committed":5,\
                "end":12,"lag":7,"lagSeconds":2.045,"member":"m1","metadata":""},{"topic":"orders","partition":1,\
                "committed":null,"end":3,"lag":null,"lagSeconds":null,"member":"m1","metadata":null}]}

                """)
    }

    @Test func instancesHaveAColumnWhereThereAreAny() {
        let report = report(
            committed: [0: 5, 1: 9], ends: [0: 6, 1: 9], oldest: [0: 99_000], readers: [0], instance: "i1")
        let style = Style(isTerminal: false, environment: [:], width: 80)
        #expect(
            report.text(style) == """
                billing  stable  classic  assignor range  coordinator 1
                  topic   partition  committed  end  lag  behind  member  instance  client  host
                  orders  0          5          6    1    1.0 s   m1      i1        app     127.0.0.1
                  orders  1          9          9    0    0 s     -       -         -       -
                  1 record waits, the oldest for 1.0 s

                """)
        #expect(
            self.report(committed: [:], ends: [:], instance: "i1").text(style).hasSuffix(
                "  m1 (app on 127.0.0.1, instance i1) reads nothing\n"))
    }

    @Test(arguments: [
        (0, "0 s"), (7, "7 ms"), (3_250, "3.2 s"), (250_000, "4 m 10 s"), (7_500_000, "2 h 5 m"),
        (273_600_000, "3 d 4 h"),
    ])
    func waitingIsToldInTwoUnits(milliseconds: Int64, text: String) {
        #expect(Waiting.text(milliseconds) == text)
    }
}
