import CommandLine
import Configuration
import Testing

@testable import martlet

/// What the doctor makes of settings.
struct ConfigurationDiagnosisTests {
    private func findings(file: String = "", _ settings: [(String, String)] = []) throws -> [Finding] {
        var input = ConfigurationInput()
        input.suggest = nearest
        input.file = .init(path: "p", text: file)
        input.arguments = settings.map { .init(key: $0.0, value: $0.1) }
        var diagnosis = Diagnosis()
        do throws(ConfigurationProblems) {
            diagnosis.examine(try BrokerConfiguration(input))
        } catch {
            diagnosis.examine(error)
        }
        return diagnosis.findings
    }

    @Test func nothingIsWrongWithTheDefaults() throws { #expect(try findings().isEmpty) }

    @Test(arguments: [
        ([("default.replication.factor", "3"), ("min.insync.replicas", "2")], "error settings.replication"),
        ([("min.insync.replicas", "2")], "error settings.insync"),
        ([("log.retention.bytes", "1000000")], "warning settings.segment"),
        ([("log.retention.ms", "1000")], "warning settings.check"),
        ([("log.retention.ms", "-1")], "warning settings.forever"),
        (
            [
                ("message.max.bytes", "60000000"), ("socket.request.max.bytes", "50000000"),
                ("replica.fetch.max.bytes", "60000000"),
            ],
            "error settings.message.request"
        ),
        (
            [("message.max.bytes", "70000000"), ("replica.fetch.max.bytes", "70000000")],
            "warning settings.message.decompressed"
        ),
        ([("message.max.bytes", "2000000")], "note settings.message.replica"),
        ([("log.flush.interval.messages", "2")], "note settings.durability"),
        ([("log.segment.byte", "2")], "error settings.unknown"),
        ([("log.segment.bytes", "2")], "error settings.invalid"),
        ([("num.io.threads", "2")], "note settings.unused"),
    ])
    func eachTroubleIsFoundAlone(settings: [(String, String)], expected: String) throws {
        // Some of them are without effect, which is said beside.
        let found = try findings(settings).map { "\($0.severity) \($0.code)" }
        #expect(found.filter { $0 == expected || !$0.hasSuffix("settings.unused") } == [expected])
    }

    @Test func anUnknownKeyIsNamedWithItsLineAndTheNearestOne() throws {
        let found = try findings(file: "# comment\nlog.retenton.hours=5\n")
        #expect(found.map(\.code) == ["settings.unknown"])
        #expect(found.first?.severity == .warning)
        #expect(found.first?.what == "log.retenton.hours (p:2): is no known key. Did you mean log.retention.hours?")
        #expect(found.first?.fix == "make it log.retention.hours in line 2 of p")
    }

    @Test func aVariableIsNamedWithTheNearestKey() throws {
        var input = ConfigurationInput()
        input.suggest = nearest
        input.environment = ["MARTLET_LOG_RETENTON_MS": "5"]
        var diagnosis = Diagnosis()
        diagnosis.examine(try BrokerConfiguration(input))
        #expect(
            diagnosis.findings.first?.fix
                == "make it MARTLET_LOG_RETENTION_MS in the environment (MARTLET_LOG_RETENTON_MS)")
    }

    @Test func kafkasOwnFileHasNotesOnly() throws {
        let file = """
            process.roles=broker,controller
            node.id=1
            controller.quorum.bootstrap.servers=localhost:9093
            listeners=PLAINTEXT://:9092,CONTROLLER://:9093
            inter.broker.listener.name=PLAINTEXT
            advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
            controller.listener.names=CONTROLLER
            num.network.threads=3
            log.dirs=/tmp/kraft-combined-logs
            offsets.topic.replication.factor=1
            log.retention.hours=168
            """
        let found = try findings(file: file)
        #expect(!found.isEmpty && found.allSatisfy { $0.severity == .note }, "\(found)")
    }
}
