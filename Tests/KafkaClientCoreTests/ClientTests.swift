import Bytes
import KafkaProtocol
import Runtime
import Testing

@testable import KafkaClientCore

struct ClientTests {
    private func send(
        _ test: TestClient, timeout: Interval? = nil,
        _ completion: @escaping (Result<MetadataResponse, ClientError>) -> Void
    ) {
        test.client.send(MetadataRequest(), timeout: timeout, completion: completion)
    }

    @Test func aBrokerThatComesUpLateIsReached() {
        let test = TestClient()
        test.broker.isUp = false
        var result: Result<MetadataResponse, ClientError>?
        send(test) { result = $0 }
        test.loop.run(limit: .seconds(5))
        #expect(result == nil)
        test.broker.isUp = true
        #expect(test.loop.run(limit: .seconds(5)) { result != nil })
        #expect((try? result?.get())?.brokers.count == 1)
        // Attempts come at growing distances, at most a second apart.
        let times = test.loop.connects.map(\.at)
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(gaps.first.map { $0 < .milliseconds(300) } == true)
        #expect(gaps.allSatisfy { $0 <= .milliseconds(2_500) })
        #expect(times.count >= 5 && times.count <= 15)
    }

    @Test func aCallEndsInTimeAndSaysWhy() {
        let test = TestClient()
        test.broker.isUp = false
        let start = test.loop.now
        var result: Result<MetadataResponse, ClientError>?
        send(test, timeout: .seconds(3)) { result = $0 }
        #expect(test.loop.run { result != nil })
        #expect(test.loop.now - start <= .seconds(3))
        guard case .failure(let error)? = result else {
            Issue.record("nobody answered, and yet it worked")
            return
        }
        #expect(error.message.contains("fake:9092") && error.message.contains("refused"))
    }

    @Test func theNextBootstrapServerIsTried() {
        let loop = ScriptedLoop()
        let broker = FakeBroker(port: 9093)
        loop.brokers[broker.endpoint] = broker
        let configuration = ClientConfiguration(
            bootstrapServers: [BrokerEndpoint(host: "dead", port: 1), broker.endpoint], clientId: "test")
        for seed in 1...10 {
            let client = Client(loop: loop, configuration: configuration, seed: UInt64(seed))
            var isDone = false
            client.send(MetadataRequest()) { if case .success = $0 { isDone = true } }
            #expect(loop.run(limit: .seconds(5)) { isDone })
            client.close()
        }
    }

    @Test func silenceEndsARequestAndItsConnection() {
        let test = TestClient { $0.requestTimeout = .seconds(2) }
        var silences = 1
        test.broker.fault = { key in
            guard key == .metadata, silences > 0 else { return nil }
            silences -= 1
            return .silence
        }
        var result: Result<MetadataResponse, ClientError>?
        send(test) { result = $0 }
        #expect(test.loop.run(limit: .seconds(10)) { result != nil })
        #expect((try? result?.get()) != nil)
        #expect(test.loop.connects.count == 2)
    }

    @Test func whatBecomesOfConnectionsIsToldWhenSomebodyWaitsForThem() {
        let test = TestClient()
        var changes: [String] = []
        test.client.onConnectionChange = { change in
            switch change {
            case .ready(let endpoint): changes.append("ready \(endpoint)")
            case .failed(let endpoint, let reason): changes.append("\(endpoint) \(reason)")
            }
        }
        test.broker.isUp = false
        var count = 0
        send(test) { if case .success = $0 { count += 1 } }
        test.loop.run(limit: .seconds(2))
        #expect(Set(changes) == ["fake:9092 cannot connect: refused"])
        changes = []
        test.broker.isUp = true
        #expect(test.loop.run(limit: .seconds(5)) { count == 1 })
        #expect(changes == ["ready fake:9092"])

        for link in test.broker.links { link.drop("idle for long") }
        test.loop.run(limit: .seconds(1))
        #expect(changes == ["ready fake:9092"], "nobody waits for an idle connection")

        changes = []
        var faults = 1
        test.broker.fault = { key in
            guard key == .metadata, faults > 0 else { return nil }
            faults -= 1
            return .dropBefore
        }
        send(test) { if case .success = $0 { count += 1 } }
        #expect(test.loop.run(limit: .seconds(5)) { count == 2 })
        #expect(changes.count == 3 && changes[1].contains("the connection broke"), "\(changes)")
    }

    @Test func aBrokerWithAnOlderHandshakeIsSpokenTo() {
        let test = TestClient()
        test.broker.apiVersionsLimit = 2
        var result: Result<MetadataResponse, ClientError>?
        send(test) { result = $0 }
        #expect(test.loop.run { result != nil })
        #expect((try? result?.get()) != nil)
    }

    @Test func closingEndsEverythingAndNothingStartsAgain() {
        let test = TestClient()
        test.broker.fault = { _ in .silence }
        var codes: [ClientError.Code] = []
        send(test) { if case .failure(let error) = $0 { codes.append(error.code) } }
        test.loop.run(limit: .seconds(1))
        test.client.close()
        #expect(codes == [.closed])
        send(test) { if case .failure(let error) = $0 { codes.append(error.code) } }
        #expect(codes == [.closed, .closed])
        let connects = test.loop.connects.count
        test.loop.run(limit: .seconds(600))
        #expect(test.loop.connects.count == connects)
    }

    @Test func metadataIsRefreshedByAge() {
        let test = TestClient { $0.metadataMaximumAge = .seconds(60) }
        test.broker.createTopic("t")
        test.client.track(topic: "t")
        test.loop.run(limit: .seconds(1))
        #expect(test.client.metadata.topics["t"]?.partitions.count == 1)
        let before = test.broker.received.count
        test.loop.run(limit: .seconds(200))
        #expect((3...4).contains(test.broker.received.count - before))
    }
}
