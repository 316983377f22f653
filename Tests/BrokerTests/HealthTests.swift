import Broker
import Configuration
import Files
import Glibc
import Runtime
import Testing

/// What a broker says of its health before, while and after it serves.
@Suite struct HealthTests {
    private func configuration(_ directory: String, http: UInt16) throws -> BrokerConfiguration {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: directory),
            .init(key: "martlet.http.listeners", value: "127.0.0.1:\(http)"),
        ]
        return try BrokerConfiguration(input)
    }

    @Test func readinessWaitsForTheLogs() throws {
        let directory = try TemporaryDirectory()
        let first = try BrokerServer.start(try configuration(directory.path, http: 0))
        let port = try #require(first.httpEndpoints.first).port
        let client = try WireClient(port: try #require(first.endpoints.first).port)
        try client.createTopic("held", partitions: 5)
        for partition in Int32(0)..<5 { _ = try client.produce([1], to: "held", partition: partition) }
        #expect(try HTTPAnswer(port: port, "/health/ready").status == 200)
        first.stop()
        #expect(throws: HTTPAnswer.Unreachable.self) { try HTTPAnswer(port: port, "/health/live") }

        // Without the marker of a clean stop the logs are read. The second start waits in the first until it is let go.
        try RealFileSystem().removeFile("\(directory.path)/.kafka_cleanshutdown")
        let isOpening = try Rendezvous<Bool>()
        let mayOpen = try Rendezvous<Bool>()
        let fileSystem = RecordingFileSystem(RealFileSystem()) { event in
            guard event.path.contains("/held-"), event.path.hasSuffix(".log") else { return }
            isOpening.put(true)
            _ = mayOpen.wait()
        }
        let started = try Rendezvous<Result<BrokerServer, StartupError>>()
        let settings = try configuration(directory.path, http: port)
        let thread = try Shard.start(name: "starter") { shard in
            do throws(StartupError) {
                started.put(.success(try BrokerServer.start(settings, fileSystem: fileSystem)))
            } catch {
                started.put(.failure(error))
            }
            shard.stop()
        }
        _ = isOpening.wait()
        let waiting = try HTTPAnswer(port: port, "/health/ready")
        #expect(waiting.status == 503)
        #expect(waiting.body.contains("\"status\":\"recovering\""))
        #expect(waiting.body.contains("\"logs\":{\"found\":5,\"open\":0,\"failed\":0}"))
        #expect(try HTTPAnswer(port: port, "/health/live").status == 200)
        let metrics = try HTTPAnswer(port: port, "/metrics")
        #expect(metrics.samples["kafka_server_kafkaserver_brokerstate"] == 2)
        #expect(metrics.samples["martlet_recovery_logs{state=\"open\"}"] == 0)

        mayOpen.put(true)
        let second = try started.wait().get()
        thread.join()
        let ready = try HTTPAnswer(port: port, "/health/ready")
        #expect(ready.status == 200)
        #expect(ready.body.contains("\"logs\":{\"found\":5,\"open\":5,\"failed\":0}"))
        second.stop()
    }

    @Test func httpIsOffUnlessItIsAskedFor() throws {
        let directory = try TemporaryDirectory()
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: directory.path),
        ]
        let server = try BrokerServer.start(try BrokerConfiguration(input))
        #expect(server.httpEndpoints.isEmpty)
        server.stop()
    }

    @Test func badAddressesAreRefused() throws {
        for text in ["9644", "::1:9644", "localhost:99999", "http://localhost:1"] {
            var input = ConfigurationInput()
            input.arguments = [.init(key: "martlet.http.listeners", value: text)]
            #expect(throws: ConfigurationProblems.self, "\(text)") { try BrokerConfiguration(input) }
        }
        var input = ConfigurationInput()
        input.arguments = [.init(key: "martlet.http.listeners", value: "localhost:9644, [::1]:0, :80")]
        let listeners = try BrokerConfiguration(input).observability.httpListeners
        #expect(listeners.map(\.host) == ["localhost", "::1", ""])
        #expect(listeners.map(\.port) == [9644, 0, 80])
    }
}
