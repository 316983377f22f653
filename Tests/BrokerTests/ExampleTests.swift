import KafkaProtocol
import MartletTesting
import Records
import Testing

// The example of the READMEs, as it stands there.
@Test func ordersSurviveARestart() throws {
    let broker = try TestBroker(settings: ["num.partitions": "3"])
    defer { broker.stop() }
    let orders = OrderBook(bootstrapServers: broker.bootstrap)
    try orders.place("ann: 42")
    broker.stop(keepingData: true)
    try broker.start()
    #expect(try orders.all() == ["ann: 42"])
}

/// The code under test of the example.
private struct OrderBook {
    let bootstrapServers: String

    func place(_ order: String) throws {
        let client = try client()
        try client.createTopic("orders")
        #expect(try client.produce(Array(order.utf8), to: "orders").error == .none)
    }

    func all() throws -> [String] {
        let answer = try client().fetch("orders", from: 0)
        return try answer.records.withUnsafeBytes { bytes in
            var orders: [String] = []
            var batches = RecordBatches(bytes)
            while let batch = try batches.next() {
                var records = RecordIterator(uncompressed: batch)
                while let record = try records.next() {
                    orders.append(record.value.map { String(decoding: $0, as: UTF8.self) } ?? "")
                }
            }
            return orders
        }
    }

    private func client() throws -> WireClient {
        let port = bootstrapServers.split(separator: ":").last.flatMap { UInt16($0) }
        return try WireClient(port: try #require(port))
    }
}
