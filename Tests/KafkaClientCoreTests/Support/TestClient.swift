import Bytes
import KafkaClientCore
import KafkaProtocol
import Runtime

/// A client of one fake broker on a scripted loop.
final class TestClient {
    let loop = ScriptedLoop()
    let broker = FakeBroker()
    let client: Client

    init(seed: UInt64 = 1, _ change: (inout ClientConfiguration) -> Void = { _ in }) {
        loop.brokers[broker.endpoint] = broker
        var configuration = ClientConfiguration(bootstrapServers: [broker.endpoint], clientId: "test")
        change(&configuration)
        client = Client(loop: loop, configuration: configuration, seed: seed)
    }

    func producer(_ change: (inout ProducerConfiguration) -> Void = { _ in }) -> Producer {
        var configuration = ProducerConfiguration()
        change(&configuration)
        return Producer(client: client, configuration: configuration)
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}
