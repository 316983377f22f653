import Controller
import KafkaProtocol
import KafkaProtocolMore

/// Decides on changes of metadata, one after another.
protocol DecisionMaker: AnyObject {
    /// Makes a decision and replies when all shards have applied it. Within a limit the reply says for how long the client
    /// has to pause; the decision asks its last argument before so many partitions are created or removed.
    func decide<Response: ChangeResponse>(
        within limit: MutationLimit?,
        _ decision: (Controller, inout SystemRandomNumberGenerator, (Int) -> Bool) -> ControllerResult<Response>,
        reply: @escaping @Sendable (Response) -> Void)
}

/// An answer to a request that changes metadata.
protocol ChangeResponse: ThrottledResponse {
    /// Says of everything that would have been done that the metadata store took no records.
    mutating func notStored()
}

private let storageError = ErrorCode.kafkaStorageError.rawValue
private let reason = "the metadata store takes no changes"

/// What an answer says of one of the things that were to be done.
private protocol ChangeRow {
    var errorCode: Int16 { get set }
    var errorMessage: String? { get set }
}

extension Array where Element: ChangeRow {
    fileprivate mutating func failWhatWasToBeDone() {
        for index in indices where self[index].errorCode == 0 {
            self[index].errorCode = storageError
            self[index].errorMessage = reason
        }
    }
}

extension DeleteTopicsResponse.DeletableTopicResult: ChangeRow {}
extension CreatePartitionsResponse.CreatePartitionsTopicResult: ChangeRow {}
extension AlterConfigsResponse.AlterConfigsResourceResponse: ChangeRow {}
extension IncrementalAlterConfigsResponse.AlterConfigsResourceResponse: ChangeRow {}
extension AlterClientQuotasResponse.EntryData: ChangeRow {}
extension ElectLeadersResponse.PartitionResult: ChangeRow {}

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
    mutating func notStored() { responses.failWhatWasToBeDone() }
}

extension CreatePartitionsResponse: ChangeResponse {
    mutating func notStored() { results.failWhatWasToBeDone() }
}

extension AlterConfigsResponse: ChangeResponse {
    mutating func notStored() { responses.failWhatWasToBeDone() }
}

extension IncrementalAlterConfigsResponse: ChangeResponse {
    mutating func notStored() { responses.failWhatWasToBeDone() }
}

extension ElectLeadersResponse: ChangeResponse {
    mutating func notStored() {
        for topic in replicaElectionResults.indices {
            replicaElectionResults[topic].partitionResult.failWhatWasToBeDone()
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
    mutating func notStored() { entries.failWhatWasToBeDone() }
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
