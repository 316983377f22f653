import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

/// What a group's coordinator remembers of it. Times are milliseconds since 1970.
public struct GroupHistory: Sendable, Equatable {
    /// One thing that happened to the group.
    public struct Event: Sendable, Equatable {
        /// The last time where it happened several times.
        public let time: Int64
        /// The first time.
        public let firstTime: Int64
        public let count: Int
        /// The generation, or group epoch, in which it happened.
        public let generation: Int32
        /// In a word or two: `joined`, `rebalance started`.
        public let kind: String
        /// Nil where it is about the group itself.
        public let member: Member?
        /// What led to it, in words.
        public let reason: String
    }

    /// Who did something, or was to.
    public struct Member: Sendable, Equatable {
        /// Empty where it was not given one yet.
        public let id: String
        /// Of a static member.
        public let instanceId: String?
        /// Empty where it is not known, as the host.
        public let clientId: String
        public let host: String
    }

    /// A member that a rebalance waits for.
    public struct Awaited: Sendable, Equatable {
        public let member: Member
        /// What it has to do, in words: `to join again`.
        public let task: String
        /// Since when; nil where it is not known.
        public let since: Int64?
        /// When it is thrown out for not doing it; nil where that is not done as long as it says that it is alive.
        public let deadline: Int64?
        /// Nil for one that has only an id yet.
        public let lastHeard: Int64?
        /// When it is thrown out unless it is heard of before.
        public let sessionEnd: Int64?
    }

    /// Nothing before it is remembered.
    public let since: Int64
    /// The newest last.
    public let events: [Event]
    /// Whom a rebalance that is under way waits for.
    public let awaited: [Awaited]
    /// When it goes on without them; nil where it waits for each of them by itself.
    public let awaitedUntil: Int64?
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
            let hasMember = !$0.memberId.isEmpty || !$0.clientId.isEmpty || $0.instanceId != nil
            return Event(
                time: $0.time, firstTime: $0.firstTime < 0 ? $0.time : $0.firstTime, count: Int($0.count),
                generation: $0.generation, kind: $0.kind,
                member: hasMember ? Member($0.memberId, $0.instanceId, $0.clientId, $0.clientHost) : nil,
                reason: $0.reason)
        }
        awaited = row.awaited.map {
            Awaited(
                member: Member($0.memberId, $0.instanceId, $0.clientId, $0.clientHost), task: $0.task,
                since: known($0.since), deadline: known($0.deadline), lastHeard: known($0.lastHeard),
                sessionEnd: known($0.sessionEnd))
        }
        awaitedUntil = known(row.awaitedUntil)
    }
}

extension GroupHistory.Member {
    fileprivate init(_ id: String, _ instance: String?, _ client: String, _ host: String) {
        self.id = id
        instanceId = instance
        clientId = client
        self.host = shownHost(host)
    }
}

/// A time that is not known is told as -1.
private func known(_ time: Int64) -> Int64? { time < 0 ? nil : time }
