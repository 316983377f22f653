import Bytes
import CommandLine
import MartletTesting
import Testing

@testable import KafkaClientCore
@testable import martlet

struct GroupStoryTests {
    private let app = GroupHistory.Member(id: "m1", instanceId: nil, clientId: "app", host: "10.0.0.7")

    private func event(
        _ time: Int64, _ kind: String, _ member: GroupHistory.Member? = nil, _ reason: String, count: Int = 1
    ) -> GroupHistory.Event {
        GroupHistory.Event(
            time: time, firstTime: count > 1 ? 1_000 : time, count: count, generation: 2, kind: kind, member: member,
            reason: reason)
    }

    private func story(
        _ events: [GroupHistory.Event], awaited: [GroupHistory.Awaited] = [], until: Int64? = nil,
        kind: GroupDescription.Kind = .classic
    ) -> String {
        let history = GroupHistory(since: 0, events: events, awaited: awaited, awaitedUntil: until)
        let description = GroupDescription(
            name: "billing", kind: kind, state: "PreparingRebalance", protocolType: "consumer", assignor: "",
            epoch: nil,
            coordinator: 1, members: [])
        let report = GroupReport(description, committed: [:], ends: [:], oldestUnread: [:], now: 100_000)
        return GroupStory(group: "billing", history: history, report: report, command: "martlet group describe billing")
            .text(Style(isTerminal: false, environment: [:], width: 80))
    }

    @Test func whoIsWaitedForIsNamedWithWhatIsLeftOfTheTime() {
        let awaited = [
            GroupHistory.Awaited(
                member: app, task: "to join again", since: 90_000, deadline: 110_000, lastHeard: 97_500,
                sessionEnd: 142_500),
            GroupHistory.Awaited(
                member: GroupHistory.Member(id: "m2", instanceId: "i2", clientId: "app", host: "10.0.0.8"),
                task: "to join again", since: 90_000, deadline: nil, lastHeard: 96_000, sessionEnd: 106_000),
        ]
        let text = story(
            [event(90_000, "rebalance started", app, "member m1 joined")], awaited: awaited, until: 110_000)
        #expect(
            text == """
                billing is preparing rebalance: nobody is in it (classic)

                The last rebalance began at 1970-01-01T00:01:30.000Z: member m1 joined (app on 10.0.0.7). One rebalance \
                is remembered.
                It waits for 2 members, for another 10.0 s:
                  member  client  host      instance  waits for it   since   last heard of  thrown out
                  m1      app     10.0.0.7  -         to join again  10.0 s  2.5 s ago      in 10.0 s
                  m2      app     10.0.0.8  i2        to join again  10.0 s  4.0 s ago      in 6.0 s if not heard of

                time                      generation  event              member  client  host      why
                1970-01-01T00:01:30.000Z  2           rebalance started  m1      app     10.0.0.7  member m1 joined

                Nobody lags.

                Remembered since 1970-01-01T00:00:00.000Z, when the coordinator began: a restart forgets.

                """)
    }

    @Test func nobodyInParticularMayBeWaitedFor() {
        #expect(story([], until: 102_000).contains("\nIt waits for more members to come, for another 2.0 s.\n"))
        #expect(story([], until: 100_400, kind: .consumer).contains("\nIts partitions are assigned anew in 400 ms.\n"))
    }

    @Test func refusalsAreCounted() {
        let text = story([
            event(2_000, "rebalance started", nil, "r"), event(5_000, "rebalance ended", nil, "3 members"),
            event(9_000, "refused", app, "it is full", count: 1_234),
        ])
        #expect(
            text.contains(
                "It took 3.0 s. One rebalance is remembered.\nRequests of members were refused 1,234 times.\n"))
        #expect(text.contains("app     10.0.0.7  it is full (1,234 times since 1970-01-01T00:00:01.000Z)\n"), "\(text)")
    }
}

struct HintTests {
    @Test func hintsAskTheSameCluster() throws {
        let options = ConnectionOptions()
        #expect(options.hint("martlet group list") == "martlet group list")
        options.bootstrap = try BootstrapServers(argument: "far:9093,other:9094")
        #expect(options.hint("martlet group list") == "martlet group list -b far:9093,other:9094")
    }

    @Test func anUnknownGroupIsSaidWithTheBrokerThatWasAsked() throws {
        let broker = try TestBroker()
        let outcome = try Program.run(["group", "describe", "none", "-b", broker.bootstrap])
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasSuffix("See what there is with 'martlet group list -b \(broker.bootstrap)'.\n"))
    }
}
