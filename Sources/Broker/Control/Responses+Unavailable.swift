import KafkaProtocol
import KafkaProtocolMore

/// Answers for when the metadata store takes no records.
extension CreateTopicsResponse {
    static func unavailable(_ request: CreateTopicsRequest) -> CreateTopicsResponse {
        var response = CreateTopicsResponse()
        response.topics = request.topics.map { topic in
            var row = CreatableTopicResult()
            row.name = topic.name
            row.errorCode = ErrorCode.kafkaStorageError.rawValue
            row.errorMessage = "the metadata store takes no changes"
            return row
        }
        return response
    }
}

extension DeleteTopicsResponse {
    static func unavailable(_ request: DeleteTopicsRequest) -> DeleteTopicsResponse {
        var response = DeleteTopicsResponse()
        let named = request.topicNames.map { DeleteTopicsRequest.DeleteTopicState(named: $0) } + request.topics
        response.responses = named.map { topic in
            var row = DeletableTopicResult()
            row.name = topic.name
            row.topicId = topic.topicId
            row.errorCode = ErrorCode.kafkaStorageError.rawValue
            row.errorMessage = "the metadata store takes no changes"
            return row
        }
        return response
    }
}

extension DeleteTopicsRequest.DeleteTopicState {
    fileprivate init(named name: String) {
        self.init()
        self.name = name
    }
}
