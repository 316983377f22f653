import Testing

@testable import Configuration

@Suite struct BrokerConfigurationTests {
    private func input(
        file: String? = nil, environment: [String: String] = [:], set: [(String, String)] = []
    ) -> ConfigurationInput {
        var input = ConfigurationInput()
        input.file = file.map { ConfigurationInput.File(path: "server.properties", text: $0) }
        input.environment = environment
        input.arguments = set.map { ConfigurationInput.Argument(key: $0.0, value: $0.1) }
        return input
    }

    private func problems(_ input: ConfigurationInput) -> [String] {
        do {
            _ = try BrokerConfiguration(input)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func defaults() throws {
        let configuration = try BrokerConfiguration()
        #expect(configuration.nodeId == 1)
        #expect(
            configuration.listeners == [
                Listener(name: "PLAINTEXT", securityProtocol: .plaintext, host: "", port: 9092)
            ])
        #expect(configuration.advertisedListeners == nil)
        #expect(configuration.logDirectories == ["data"])
        #expect(configuration.shardCount == nil)
        #expect(configuration.topics.defaults == TopicConfiguration.standard)
        #expect(configuration.topics.defaults.flushMessages == 1)
        #expect(configuration.topics.defaults.retentionMilliseconds == 604_800_000)
        #expect(configuration.topics.defaults.retentionBytes == nil)
        #expect(configuration.network.connectionMemoryBytes == 320 << 20)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func theCommandLineWinsThenTheEnvironmentThenTheFile() throws {
        let file = "num.partitions=2\nmessage.max.bytes=200\nfetch.max.bytes=2000\n"
        let environment = ["MARTLET_MESSAGE_MAX_BYTES": "300", "MARTLET_FETCH_MAX_BYTES": "3000"]
        let set = [("fetch.max.bytes", "4000"), ("fetch.max.bytes", "5000")]
        let configuration = try BrokerConfiguration(input(file: file, environment: environment, set: set))
        #expect(configuration.topics.partitionCount == 2)
        #expect(configuration.topics.defaults.maxMessageBytes == 300)
        #expect(configuration.network.maximumFetchBytes == 5000)
        #expect(configuration.settings.origin(of: "num.partitions") == .file(path: "server.properties", line: 1))
        #expect(
            configuration.settings.origin(of: "message.max.bytes")
                == .environment(variable: "MARTLET_MESSAGE_MAX_BYTES"))
        #expect(configuration.settings.origin(of: "fetch.max.bytes") == .argument(option: "--set"))
        #expect(configuration.settings.origin(of: "num.io.threads") == .defaultValue)
    }

    @Test func ownKeysLoseTheirPrefixInTheEnvironment() throws {
        let environment = [
            "MARTLET_SHARDS": "3", "MARTLET_PRODUCE_VERIFY_COMPRESSED": "false",
            "MARTLET_SERVICE_HOST": "10.0.0.1", "MARTLET_PORT_9092_TCP": "tcp://10.0.0.1:9092", "MARTLET_PORT": "x",
            "OTHER": "x",
        ]
        let configuration = try BrokerConfiguration(input(environment: environment))
        #expect(configuration.shardCount == 3)
        #expect(!configuration.logs.verifiesCompressed)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func anUnknownKeyIsAWarningButOnTheCommandLine() throws {
        let configuration = try BrokerConfiguration(
            input(file: "\nno.such=1\nretention.ms=5\n", environment: ["MARTLET_NO_SUCH": "1"]))
        #expect(
            configuration.warnings.map(\.description) == [
                "no.such (server.properties:2): is no known key",
                "retention.ms (server.properties:3): is no known key; the broker's key for it is log.retention.ms",
                "environment variable MARTLET_NO_SUCH: names no known key",
            ])
        #expect(problems(input(set: [("no.such", "1")])) == ["no.such (--set): is no known key"])
    }

    @Test func anUnknownKeyGetsASuggestionWhereThereIsOne() throws {
        var mistaken = input(
            file: "log.retention.hour=1\nretention.ms=5\n", environment: ["MARTLET_NODE_IT": "1"])
        mistaken.suggest = { name, known in known.first { $0.dropLast() == name || $0.dropLast() + "T" == name } }
        #expect(
            try BrokerConfiguration(mistaken).warnings.map(\.description) == [
                "log.retention.hour (server.properties:1): is no known key. Did you mean log.retention.hours?",
                "retention.ms (server.properties:2): is no known key; the broker's key for it is log.retention.ms",
                "environment variable MARTLET_NODE_IT: names no known key. Did you mean MARTLET_NODE_ID?",
            ])
        var argument = input(set: [("log.retention.hour", "1")])
        argument.suggest = mistaken.suggest
        #expect(
            problems(argument) == ["log.retention.hour (--set): is no known key. Did you mean log.retention.hours?"])
    }

    @Test func aBadValueIsAnErrorAnywhereAndAllAreReported() {
        let found = problems(
            input(
                file: "num.partitions=0", environment: ["MARTLET_LOG_RETENTION_MS": "abc"],
                set: [("compression.type", "rar")]))
        #expect(
            found == [
                "num.partitions (server.properties:1): Invalid value 0 for configuration num.partitions: "
                    + "Value must be at least 1",
                "log.retention.ms (environment variable MARTLET_LOG_RETENTION_MS): Invalid value abc for "
                    + "configuration log.retention.ms: Not a number of type LONG",
                "compression.type (--set): Invalid value rar for configuration compression.type: String must be one "
                    + "of: uncompressed, zstd, lz4, snappy, gzip, producer",
            ])
    }

    @Test func aLaterValueDoesNotExcuseABadOne() {
        #expect(problems(input(file: "num.partitions=x", set: [("num.partitions", "2")])).count == 1)
    }

    @Test func namesThatKafka4RemovedAreErrors() {
        for name in ["zookeeper.connect", "inter.broker.protocol.version", "log.message.format.version"] {
            #expect(problems(input(file: "\(name)=x")).count == 1, "\(name)")
        }
    }

    @Test func kafkasOwnFileStarts() throws {
        let file = """
            process.roles=broker,controller
            node.id=4
            controller.quorum.bootstrap.servers=localhost:9093
            listeners=PLAINTEXT://:9092,CONTROLLER://:9093
            inter.broker.listener.name=PLAINTEXT
            advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
            num.network.threads=3
            log.dirs=/tmp/a, /tmp/b,/tmp/a
            log.retention.hours=168
            log.segment.bytes=1073741824
            """
        let configuration = try BrokerConfiguration(input(file: file))
        #expect(configuration.nodeId == 4)
        #expect(configuration.listeners.map(\.name) == ["PLAINTEXT"])
        #expect(configuration.advertisedListeners?.map(\.host) == ["localhost"])
        #expect(configuration.logDirectories == ["/tmp/a", "/tmp/b"])
        #expect(configuration.warnings.count == 3)
    }

    @Test func hoursAndMinutesGiveWayToMilliseconds() throws {
        func retention(_ file: String) throws -> Int64? {
            try BrokerConfiguration(input(file: file)).topics.defaults.retentionMilliseconds
        }
        #expect(try retention("log.retention.hours=1") == 3_600_000)
        #expect(try retention("log.retention.hours=1\nlog.retention.minutes=2") == 120_000)
        #expect(try retention("log.retention.hours=1\nlog.retention.minutes=2\nlog.retention.ms=3") == 3)
        #expect(try retention("log.retention.hours=-1") == nil)
        #expect(try retention("log.retention.hours=2147483647") == 7_730_941_129_200_000)
    }

    @Test func brokerIdStandsForNodeId() throws {
        #expect(try BrokerConfiguration(input(set: [("broker.id", "7")])).nodeId == 7)
        #expect(try BrokerConfiguration(input(set: [("broker.id", "7"), ("node.id", "8")])).nodeId == 8)
    }

    @Test func connectionOverrides() throws {
        let key = "max.connections.per.ip.overrides"
        let configuration = try BrokerConfiguration(input(set: [(key, "10.0.0.1:5, ::1:0")]))
        #expect(configuration.network.connectionOverrides == ["10.0.0.1": 5, "::1": 0])
        #expect(problems(input(set: [(key, "10.0.0.1")])).count == 1)
    }

    @Test func topicDefaultsMustFitTogether() {
        #expect(
            problems(
                input(set: [
                    ("log.cleaner.min.compaction.lag.ms", "10"), ("log.cleaner.max.compaction.lag.ms", "5"),
                ])
            ).count == 1)
    }
}

@Suite struct ListenerTests {
    private func listeners(_ text: String, _ more: [(String, String)] = []) throws -> [Listener] {
        var input = ConfigurationInput()
        input.arguments = ([("listeners", text)] + more).map { ConfigurationInput.Argument(key: $0.0, value: $0.1) }
        return try BrokerConfiguration(input).listeners
    }

    @Test(arguments: [
        ("PLAINTEXT://localhost:9092", "localhost", 9092), ("plaintext://[::1]:0", "::1", 0),
        ("PLAINTEXT://:65535", "", 65535), ("PLAINTEXT://[fe80::1%eth0]:1", "fe80::1%eth0", 1),
        ("PLAINTEXT://0.0.0.0:9092", "0.0.0.0", 9092),
    ])
    func reads(_ text: String, _ host: String, _ port: UInt16) throws {
        #expect(
            try listeners(text) == [Listener(name: "PLAINTEXT", securityProtocol: .plaintext, host: host, port: port)])
    }

    @Test(arguments: [
        "localhost:9092", "PLAINTEXT://localhost", "PLAINTEXT://localhost:", "PLAINTEXT://localhost:65536",
        "PLAINTEXT://localhost:-1", "PLAINTEXT://::1:9092", "PLAINTEXT://[localhost]:9092", "PLAINTEXT://a b:9092",
        "://localhost:9092", "PLAINTEXT:/localhost:9092", "PLAINTEXT://[::1:9092", "", "FANCY://localhost:9092",
        "SSL://localhost:9092", "SASL_PLAINTEXT://localhost:9092",
        "PLAINTEXT://localhost:9092,PLAINTEXT://localhost:9093",
    ])
    func refuses(_ text: String) {
        #expect(throws: ConfigurationProblems.self) { try listeners(text) }
    }

    @Test func namesHaveProtocols() throws {
        let map = ("listener.security.protocol.map", "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,TLS:SSL")
        #expect(try listeners("inside://a:1,OUTSIDE://b:2", [map]).map(\.name) == ["INSIDE", "OUTSIDE"])
        #expect(throws: ConfigurationProblems.self) { try listeners("TLS://a:1", [map]) }
        #expect(throws: ConfigurationProblems.self) { try listeners("PLAINTEXT://a:1", [map]) }
    }

    @Test func onlyTwoIPVersionsShareAPort() throws {
        let map = ("listener.security.protocol.map", "A:PLAINTEXT,B:PLAINTEXT")
        #expect(try listeners("A://127.0.0.1:5,B://[::1]:5", [map]).count == 2)
        #expect(try listeners("A://127.0.0.1:0,B://127.0.0.1:0", [map]).count == 2)
        #expect(throws: ConfigurationProblems.self) { try listeners("A://127.0.0.1:5,B://10.0.0.1:5", [map]) }
        #expect(throws: ConfigurationProblems.self) { try listeners("A://:5,B://[::1]:5", [map]) }
    }

    @Test func advertisedAddressesMatchTheListeners() throws {
        let advertised = "advertised.listeners"
        #expect(try listeners("PLAINTEXT://:1", [(advertised, "PLAINTEXT://broker:9")]).count == 1)
        for bad in ["PLAINTEXT://:9", "PLAINTEXT://0.0.0.0:9", "OTHER://broker:9"] {
            #expect(throws: ConfigurationProblems.self) { try listeners("PLAINTEXT://:1", [(advertised, bad)]) }
        }
    }
}
