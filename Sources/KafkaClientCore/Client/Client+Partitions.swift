import KafkaProtocol
import KafkaProtocolMore
import Runtime

extension Client {
    /// Gives a topic more partitions; brokers choose where they go.
    ///
    /// - Parameter count: of partitions altogether.
    public func createPartitions(
        of topic: String, count: Int32, completion: @escaping (Result<Void, ClientError>) -> Void
    ) {
        var request = CreatePartitionsRequest()
        request.timeoutMs = Int32(clamping: configuration.requestTimeout.milliseconds)
        var entry = CreatePartitionsRequest.CreatePartitionsTopic()
        entry.name = topic
        entry.count = count
        entry.assignments = nil
        request.topics = [entry]
        change(
            request, subject: topic, doing: "adding partitions to topic \(topic)",
            answer: { $0.results.first.map { ChangeAnswer($0.errorCode, $0.errorMessage) } }, completion: completion)
    }
}
