import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

/// What a group's coordinator remembers of it.
public struct GroupHistory: Sendable, Equatable {
    /// One thing that happened to the group.
    public struct Event: Sendable, Equatable {
        /// Milliseconds since 1970.
        public let time: Int64
        /// The generation, or group epoch, in which it happened.
        public let generation: Int32
        /// In a word or two: `joined`, `rebalance started`.
        public let kind: String
        /// Empty where it is about the group itself.
        public let member: String
        /// What led to it, in words.
        public let reason: String
    }

    /// Nothing before it is remembered, in milliseconds since 1970.
    public let since: Int64
    /// The newest last.
    public let events: [Event]
}

extension Client {
    /// Asks what happened to a group. Nil from brokers that do not remember: Martlet's do, Kafka's do not.
    public func groupHistory(
        of name: String, completion: @escaping (Result<GroupHistory?, ClientError>) -> Void
    ) {
        var request = DescribeGroupsRequest()
        request.groups = [name]
        request.includeHistory = true
        sendToCoordinator(
            of: name, request, refusal: { ErrorCode(rawValue: $0.groups.first?.errorCode ?? 0) },
            completion: { result in
                completion(
                    result.flatMap { response in
                        guard let row = response.groups.first else { return .failure(.leftOut(name)) }
                        // A group whose partitions the broker assigns, or that is gone, is none that can be described.
                        let isOther = row.errorCode == ErrorCode.groupIdNotFound.rawValue
                        guard row.errorCode == 0 || isOther else {
                            return .failure(ClientError(row.errorCode, doing: "explaining group \(name)"))
                        }
                        return .success(GroupHistory(row))
                    })
            })
    }
}

extension GroupHistory {
    fileprivate init?(_ row: DescribeGroupsResponse.DescribedGroup) {
        guard row.historySince >= 0 else { return nil }
        since = row.historySince
        events = row.history.map {
            Event(
                time: $0.time, generation: $0.generation, kind: $0.kind, member: $0.memberId, reason: $0.reason)
        }
    }
}
