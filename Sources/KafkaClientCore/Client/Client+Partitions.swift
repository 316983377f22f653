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
        send(
            request, to: .controller,
            refusal: { ErrorCode(rawValue: $0.results.first?.errorCode ?? 0).retriedByAdministration }
        ) { result in
            completion(
                result.flatMap { response -> Result<Void, ClientError> in
                    guard let answer = response.results.first else {
                        return .failure(ClientError(.malformedResponse, "the answer leaves out \(topic)"))
                    }
                    guard answer.errorCode == 0 else {
                        return .failure(
                            ClientError(
                                answer.errorCode, answer.errorMessage.flatMap { $0.isEmpty ? nil : $0 },
                                doing: "adding partitions to topic \(topic)"))
                    }
                    return .success(())
                })
        }
    }
}
