import Controller
import KafkaProtocol
import KafkaProtocolMore

/// Decides on changes of metadata, one after another.
protocol DecisionMaker: AnyObject {
    /// Makes a decision and replies when all shards have applied it.
    func decide<Response: ChangeResponse>(
        _ decision: (Controller, inout SystemRandomNumberGenerator) -> ControllerResult<Response>,
        reply: @escaping @Sendable (Response) -> Void)
}

/// An answer to a request that changes metadata.
protocol ChangeResponse: KafkaMessage {
    /// Says of everything that would have been done that the metadata store took no records.
    mutating func notStored()
}

private let storageError = ErrorCode.kafkaStorageError.rawValue
private let reason = "the metadata store takes no changes"

extension CreateTopicsResponse: ChangeResponse {
    mutating func notStored() {
        for index in topics.indices where topics[index].errorCode == 0 {
            var row = CreatableTopicResult()
            row.name = topics[index].name
            row.errorCode = storageError
            row.errorMessage = reason
            topics[index] = row
        }
    }
}

extension DeleteTopicsResponse: ChangeResponse {
    mutating func notStored() {
        for index in responses.indices where responses[index].errorCode == 0 {
            responses[index].errorCode = storageError
            responses[index].errorMessage = reason
        }
    }
}

extension CreatePartitionsResponse: ChangeResponse {
    mutating func notStored() {
        for index in results.indices where results[index].errorCode == 0 {
            results[index].errorCode = storageError
            results[index].errorMessage = reason
        }
    }
}

extension AlterConfigsResponse: ChangeResponse {
    mutating func notStored() {
        for index in responses.indices where responses[index].errorCode == 0 {
            responses[index].errorCode = storageError
            responses[index].errorMessage = reason
        }
    }
}

extension IncrementalAlterConfigsResponse: ChangeResponse {
    mutating func notStored() {
        for index in responses.indices where responses[index].errorCode == 0 {
            responses[index].errorCode = storageError
            responses[index].errorMessage = reason
        }
    }
}

extension ElectLeadersResponse: ChangeResponse {
    mutating func notStored() {
        for topic in replicaElectionResults.indices {
            for row in replicaElectionResults[topic].partitionResult.indices
            where replicaElectionResults[topic].partitionResult[row].errorCode == 0 {
                replicaElectionResults[topic].partitionResult[row].errorCode = storageError
                replicaElectionResults[topic].partitionResult[row].errorMessage = reason
            }
        }
    }
}

extension AlterPartitionReassignmentsResponse: ChangeResponse {
    mutating func notStored() {
        errorCode = storageError
        errorMessage = reason
    }
}

extension AlterClientQuotasResponse: ChangeResponse {
    mutating func notStored() {
        for index in entries.indices where entries[index].errorCode == 0 {
            entries[index].errorCode = storageError
            entries[index].errorMessage = reason
        }
    }
}

extension UpdateFeaturesResponse: ChangeResponse {
    mutating func notStored() {
        errorCode = storageError
        errorMessage = reason
        results = []
    }
}

extension UnregisterBrokerResponse: ChangeResponse {
    mutating func notStored() {
        errorCode = storageError
        errorMessage = reason
    }
}
