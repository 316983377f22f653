import MartletTesting
import Testing

/// Settings, by the program, on a broker.
struct ConfigCommandTests {
    private let broker: TestBroker

    init() throws { broker = try TestBroker(settings: ["node.id": "4"]) }

    private func martlet(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(arguments + ["--bootstrap", broker.bootstrap])
    }

    @Test func settingsOfATopicAreSetShownAndTakenAway() throws {
        #expect(try martlet("topic", "create", "orders").status == 0)
        let nothing = try martlet("config", "get", "--topic", "orders")
        #expect(nothing.status == 0 && nothing.output.isEmpty)
        #expect(nothing.errors == "nothing is set for topic orders; --all shows what counts for it\n")
        let set = try martlet(
            "config", "set", "--topic", "orders", "retention.ms=5000", "cleanup.policy=compact,delete")
        #expect(set.status == 0, "\(set.errors)")
        #expect(
            set.output == """
                set retention.ms=5000 for topic orders
                set cleanup.policy=compact,delete for topic orders

                """)
        #expect(
            try martlet("config", "get", "--topic", "orders").output == """
                setting         value           source
                cleanup.policy  compact,delete  topic
                retention.ms    5000            topic

                """)
        #expect(try martlet("config", "unset", "--topic", "orders", "retention.ms").status == 0)
        let left = try martlet("config", "get", "--topic", "orders", "--json")
        #expect(
            left.output == """
                {"name":"cleanup.policy","value":"compact,delete","source":"DYNAMIC_TOPIC_CONFIG","readOnly":false,\
                "sensitive":false}

                """)
        #expect(
            try martlet("config", "get", "--topic", "orders", "retention.ms").output.contains("604800000  built in"))
        let all = try martlet("config", "get", "--topic", "orders", "--all").output.split(separator: "\n")
        #expect(all.count > 30)
    }

    @Test func aRefusedSettingChangesNothing() throws {
        #expect(try martlet("topic", "create", "orders").status == 0)
        let refused = try martlet("config", "set", "--topic", "orders", "retention.ms=5000", "segment.bytes=no")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("segment.bytes") && refused.errors.contains("INVALID_CONFIG"))
        #expect(try martlet("config", "get", "--topic", "orders").output.isEmpty)
        let unknown = try martlet("config", "get", "--topic", "orders", "retention.msec")
        #expect(unknown.status == 1 && unknown.errors.contains("topic orders has no setting retention.msec"))
    }

    @Test(arguments: [
        (["config", "set", "--topic", "orders", "retention.m=5000"], 1),
        (["config", "get", "--topic", "orders", "retention.m"], 1),
        (["config", "unset", "--topic", "orders", "retention.m"], 0),
        (["topic", "create", "other", "--config", "retention.m=1"], 1),
        (["topic", "alter", "orders", "--config", "retention.m=1"], 1),
        (["topic", "alter", "orders", "--unset", "retention.m"], 0),
    ])
    func aMisspeltSettingOfATopicGetsASuggestion(arguments: [String], status: Int) throws {
        #expect(try martlet("topic", "create", "orders").status == 0)
        let refused = try Program.run(arguments + ["--bootstrap", broker.bootstrap])
        #expect(Int(refused.status) == status && refused.errors.hasSuffix("Did you mean retention.ms?\n"), "\(refused)")
    }

    @Test func misspeltSettingsOfBrokersAndGroupsGetSuggestions() throws {
        let broker = try martlet("config", "set", "--broker", "default", "log.retention.m=5")
        #expect(broker.errors.contains("Did you mean log.retention.ms?"), "\(broker)")
        let group = try martlet("config", "set", "--group", "g", "consumer.session.timeout=5")
        #expect(group.status == 1 && group.errors.contains("Did you mean consumer.session.timeout.ms?"), "\(group)")
        let far = try martlet("config", "set", "--topic", "none", "a.b.c.d.e.f.g=5")
        #expect(far.status == 1 && !far.errors.contains("Did you mean"), "\(far)")
        let server = try Program.run(["server", "--data", "/nonexistent/data", "--set", "log.retention.hour=1"])
        #expect(server.status == 2 && server.errors.contains("Did you mean log.retention.hours?"), "\(server)")
    }

    @Test func settingsOfBrokersAndTheirLoggers() throws {
        #expect(try martlet("config", "set", "--broker", "default", "log.retention.ms=7000").status == 0)
        let defaults = try martlet("config", "get", "--broker", "default")
        #expect(defaults.output.contains("log.retention.ms     7000   all brokers\n"), "\(defaults.output)")
        let unset = try martlet("config", "get", "--broker", "default", "log.segment.bytes")
        #expect(unset.status == 1 && unset.errors.contains("log.segment.bytes is not set for all brokers"))
        let own = try martlet("config", "get", "--broker", "4")
        #expect(own.output.contains("node.id") && own.output.contains("start of broker  read-only"))
        #expect(!own.output.contains("log.retention.ms"))
        #expect(try martlet("config", "get", "--logger", "4").output.contains("logger"))
        let missing = try martlet("config", "get", "--broker", "7")
        #expect(missing.status == 1 && missing.errors.contains("there is no broker 7; there are: 4"))
    }

    @Test(arguments: [
        ("debug", "DEBUG"), ("Warning", "WARN"), ("critical", "FATAL"), ("notice", "INFO"), ("WARN", "WARN"),
    ])
    func levelsOfLoggersAreNamedAsAnywhere(given: String, stored: String) throws {
        let set = try martlet("config", "set", "--logger", "4", "broker=\(given)")
        #expect(set.output == "set broker=\(stored) for the loggers of broker 4\n" && set.status == 0, "\(set)")
        let wrong = try martlet("config", "set", "--logger", "4", "broker=loud")
        #expect(wrong.status == 2 && wrong.errors.contains("invalid level 'loud' for broker"), "\(wrong)")
    }

    @Test(arguments: ["WARN", "fatal", "Warning"])
    func theServerTakesKafkasNamesOfLevels(level: String) throws {
        // It fails on the setting, so that nothing starts.
        let outcome = try Program.run(["server", "--log-level", level, "--set", "no.such=1"])
        #expect(outcome.status == 2 && outcome.errors.contains("no.such") && !outcome.errors.contains("--log-level"))
        let wrong = try Program.run(["server", "--log-level", "loud", "--set", "no.such=1"])
        #expect(wrong.status == 2 && wrong.errors.contains("must be one of trace, debug"), "\(wrong)")
    }

    @Test func settingsOfAGroupAreSetShownAndTakenAway() throws {
        let nothing = try martlet("config", "get", "--group", "billing")
        #expect(nothing.status == 0 && nothing.output.isEmpty)
        #expect(nothing.errors == "nothing is set for group billing; --all shows what counts for it\n")
        let all = try martlet("config", "get", "-g", "billing", "--all")
        #expect(all.output.contains("consumer.session.timeout.ms"), "\(all)")
        let set = try martlet("config", "set", "--group", "billing", "consumer.session.timeout.ms=50000")
        #expect(set.output == "set consumer.session.timeout.ms=50000 for group billing\n", "\(set.errors)")
        #expect(
            try martlet("config", "get", "--group", "billing").output == """
                setting                      value  source
                consumer.session.timeout.ms  50000  group

                """)
        let tooShort = try martlet("config", "set", "--group", "billing", "consumer.session.timeout.ms=1")
        #expect(tooShort.status == 1 && tooShort.errors.contains("consumer.session.timeout.ms"), "\(tooShort.errors)")
        let unset = try martlet("config", "unset", "--group", "billing", "consumer.session.timeout.ms")
        #expect(unset.output == "unset consumer.session.timeout.ms for group billing\n", "\(unset.errors)")
        #expect(try martlet("config", "get", "--group", "billing").output.isEmpty)
    }

    @Test func aTopicThatIsNotThereIsSaid() throws {
        for command in [["get"], ["set", "retention.ms=1"], ["unset", "retention.ms"]] {
            let outcome = try Program.run(
                ["config"] + command + ["--topic", "none", "--bootstrap", broker.bootstrap])
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("UNKNOWN_TOPIC_OR_PARTITION"))
        }
    }

    @Test(arguments: [
        (["get"], "whose settings? one is missing"), (["get", "--topic", "a", "--broker", "1"], "exclude each other"),
        (["get", "--topic", "a", "--group", "b"], "exclude each other"),
        (["get", "--group", ""], "--group has no name"),
        (["get", "--broker", "all"], "must be a broker's id, or default"),
        (["set", "--topic", "a"], "KEY=VALUE is missing"),
        (["set", "--topic", "a", "b"], "must be KEY=VALUE"), (["unset", "--topic", "a"], "KEY is missing"),
    ])
    func mistakesEndWithTwo(arguments: [String], words: String) throws {
        let outcome = try Program.run(["config"] + arguments)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(words))
    }
}
