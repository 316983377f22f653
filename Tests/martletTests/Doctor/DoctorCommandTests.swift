import Foundation
import MartletTesting
import Testing

@testable import martlet

/// The doctor, called as a person calls it.
struct DoctorCommandTests {
    private struct Report: Decodable {
        struct Finding: Decodable {
            let code: String
            let severity: String
            let fix: String
        }
        struct Observation: Decodable {
            let subject: String
            let state: String
        }
        let errors: Int
        let warnings: Int
        let findings: [Finding]
        let observations: [Observation]

        func severity(_ code: String) -> String? { findings.first { $0.code == code }?.severity }
    }

    private func examine(_ arguments: String...) throws -> (report: Report, status: Int32) {
        let outcome = try Program.run(["doctor", "--json"] + arguments)
        return (try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)), outcome.status)
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "doctor-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func aMachineIsLookedAtAndNothingIsLeftBehind() throws {
        try withDirectory { path in
            let (report, status) = try examine("--listen", "127.0.0.1:0", "--data", path)
            #expect(report.errors == 0 && status == 0)
            #expect(Set(report.observations.map(\.subject)) == ["machine", "clock", "settings", "data", "listener"])
            #expect(report.observations.contains { $0.state.contains("a sync takes") })
            #expect(report.findings.allSatisfy { !$0.fix.isEmpty })
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
            let new = try examine("--listen", "127.0.0.1:0", "--data", "\(path)/a/b").report
            #expect(new.observations.contains { $0.state.contains("to be made") })
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        }
    }

    @Test func warningsCountWhereThatIsAskedFor() throws {
        try withDirectory { path throws in
            let place = ["--listen", "127.0.0.1:0", "--data", path, "--set", "log.retention.bytes=1000000"]
            #expect(try Program.run(["doctor"] + place).status == 0)
            #expect(try Program.run(["doctor", "--strict"] + place).status == 1)
        }
    }

    @Test func aRunningBrokerIsRecognised() throws {
        let broker = try TestBroker()
        let (report, status) = try examine("--listen", broker.bootstrap, "--data", broker.directory)
        #expect(report.severity("directory.busy") == "note")
        #expect(report.severity("listener.taken") == nil)
        #expect(status == 0)
        // Without its data it is somebody else.
        try withDirectory { path in
            let (report, status) = try examine("--listen", broker.bootstrap, "--data", path)
            #expect(report.severity("listener.taken") == "error" && status == 1)
        }
    }

    /// No host stands for an address in each family, of which the broker has one.
    @Test func aPortThatIsTakenOnOneAddressIsTaken() throws {
        let broker = try TestBroker()
        let port = try #require(broker.bootstrap.split(separator: ":").last)
        try withDirectory { path in
            let (report, status) = try examine("--listen", ":\(port)", "--data", path)
            #expect(report.severity("listener.taken") == "error" && status == 1)
        }
    }

    @Test func whatIsNoDirectoryIsAnError() throws {
        try withDirectory { path in
            #expect(FileManager.default.createFile(atPath: "\(path)/file", contents: nil))
            let (report, status) = try examine("--listen", "127.0.0.1:0", "--data", "\(path)/file")
            #expect(report.severity("directory.kind") == "error" && status == 1)
            #expect(FileManager.default.createFile(atPath: "\(path)/bootstrap.checkpoint", contents: nil))
            #expect(
                try examine("--listen", "127.0.0.1:0", "--data", path).report.severity("directory.foreign") == "error")
        }
    }

    @Test func aMistakeInTheConfigurationDoesNotKeepTheRestFromBeingLookedAt() throws {
        let outcome = try Program.run(["doctor", "--data", "/tmp", "--set", "log.segment.byte=1"])
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("Did you mean log.segment.bytes?"))
        #expect(outcome.output.contains("data      /tmp") || outcome.output.contains("data     /tmp"))
        #expect(try Program.run(["doctor", "--config", "/nope"]).output.contains("/nope cannot be read"))
    }

    @Test func aClusterIsLookedAt() throws {
        let broker = try TestBroker(settings: ["node.id": "4"])
        #expect(try Program.run(["topic", "create", "orders", "-p", "3", "-b", broker.bootstrap]).status == 0)
        let (report, status) = try examine("--bootstrap", broker.bootstrap)
        #expect(report.errors == 0 && status == 0)
        #expect(report.observations.contains { $0.subject == "cluster" && $0.state.contains("1 broker, 3 partitions") })
        #expect(report.observations.contains { $0.subject == "broker" && $0.state == "4 at \(broker.bootstrap)" })
    }

    @Test func anAddressThatLeadsNowhereIsFound() throws {
        let broker = try TestBroker(settings: ["advertised.listeners": "PLAINTEXT://127.0.0.1:1"])
        let (report, status) = try examine("--bootstrap", broker.bootstrap, "--timeout", "1")
        #expect(report.severity("broker.unreachable") == "error" && status == 1)
    }

    @Test func anAddressThatLeadsToAnotherClusterIsFound() throws {
        let other = try TestBroker()
        let broker = try TestBroker(settings: ["advertised.listeners": "PLAINTEXT://\(other.bootstrap)"])
        let (report, status) = try examine("--bootstrap", broker.bootstrap, "--timeout", "2")
        #expect(report.severity("broker.other") == "error" && status == 1)
    }

    @Test func tooFewReplicasInSyncAreFound() throws {
        let broker = try TestBroker()
        let topic = ["topic", "create", "orders", "--config", "min.insync.replicas=2", "-b", broker.bootstrap]
        #expect(try Program.run(topic).status == 0)
        let (report, status) = try examine("--bootstrap", broker.bootstrap)
        #expect(report.severity("partitions.minimum") == "error" && status == 1)
    }

    @Test func nobodyThereIsAnError() throws {
        let (report, status) = try examine("--bootstrap", "127.0.0.1:1", "--timeout", "1")
        #expect(report.severity("cluster.unreachable") == "error" && status == 1)
    }
}
