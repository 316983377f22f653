import MartletTesting
import Testing

/// Quotas, by the program, on a broker.
struct QuotaCommandTests {
    private let broker: TestBroker

    init() throws { broker = try TestBroker() }

    private func martlet(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(["quota"] + arguments + ["--bootstrap", broker.bootstrap])
    }

    @Test func quotasAreSetShownAndTakenAway() throws {
        let none = try martlet("get")
        #expect(none.status == 0 && none.output.isEmpty && none.errors == "no quota is set\n")
        let set = try martlet(
            "set", "--user", "ann", "--client-id", "batch", "producer_byte_rate=1048576", "request_percentage=12.5")
        #expect(set.status == 0, "\(set.errors)")
        #expect(
            set.output == """
                set producer_byte_rate=1048576 for user ann, client id batch
                set request_percentage=12.5 for user ann, client id batch

                """)
        #expect(try martlet("set", "--default-client-id", "consumer_byte_rate=1000").status == 0)
        #expect(try martlet("set", "--ip", "10.0.0.1", "connection_creation_rate=7").status == 0)
        #expect(
            try martlet("get").output == """
                for                        quota                     value
                address 10.0.0.1           connection_creation_rate  7
                every client id            consumer_byte_rate        1000
                user ann, client id batch  producer_byte_rate        1048576
                user ann, client id batch  request_percentage        12.5

                """)
        #expect(
            try martlet("get", "--user", "ann", "--json").output == """
                {"entity":{"user":"ann","client-id":"batch"},"quotas":{"producer_byte_rate":1048576,\
                "request_percentage":12.5}}

                """)
        #expect(try martlet("get", "--default-client-id", "--json").output.hasPrefix(#"{"entity":{"client-id":null}"#))
        let unset = try martlet("unset", "--ip", "10.0.0.1", "connection_creation_rate")
        #expect(unset.output == "unset connection_creation_rate for address 10.0.0.1\n")
        #expect(try martlet("get", "--ip", "10.0.0.1").output.isEmpty)
    }

    @Test func whatTheBrokerRefusesIsSaid() throws {
        let refused = try martlet("set", "--client-id", "batch", "connection_creation_rate=7")
        #expect(refused.status == 1 && refused.errors.contains("connection_creation_rate"))
        #expect(try martlet("get").output.isEmpty)
    }

    @Test(arguments: [
        (["set", "producer_byte_rate=1"], "whose quota? one is missing"),
        (["set", "--user", "ann", "producer_byte_rate"], "must be KEY=VALUE"),
        (["set", "--user", "ann", "producer_byte_rate=much"], "must be KEY=NUMBER"),
        (["get", "--user", "ann", "--default-user"], "exclude each other"),
        (["get", "--user", "ann", "--ip", "10.0.0.1"], "the quota of an address is for it alone"),
        (["unset", "--user", "ann"], "KEY is missing"),
    ])
    func mistakesEndWithTwo(arguments: [String], words: String) throws {
        let outcome = try Program.run(["quota"] + arguments)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(words))
    }
}
