public import Bytes
public import KafkaProtocol
public import KafkaProtocolMore
public import Metadata

/// Who sends a request, as far as groups remember it.
public struct GroupClient: Sendable {
    /// The version of the request.
    public var version: Int16
    /// Empty where the client gives none.
    public var clientID: String
    /// As Kafka shows it: a slash, then the address.
    public var host: String

    public init(version: Int16, clientID: String, host: String) {
        self.version = version
        self.clientID = clientID
        self.host = host
    }
}

/// What is asked of the groups of one partition of `__consumer_offsets`.
public enum GroupCommand: Sendable {
    case joinGroup(JoinGroupRequest, GroupClient)
    case syncGroup(SyncGroupRequest, GroupClient)
    case heartbeat(HeartbeatRequest, GroupClient)
    case leaveGroup(LeaveGroupRequest, GroupClient)
    case consumerGroupHeartbeat(ConsumerGroupHeartbeatRequest, GroupClient)

    /// The topics and partitions of it exist: the asker has looked.
    case commitOffsets(OffsetCommitRequest, GroupClient)
    case fetchOffsets(OffsetFetchRequest.OffsetFetchRequestGroup, GroupClient)
    case deleteOffsets(OffsetDeleteRequest)

    /// One group, as DescribeGroups shows it.
    case describeGroup(String, GroupClient)
    case describeConsumerGroup(String)
    case listGroups(ListGroupsRequest)
    case deleteGroup(String)
    /// Why the last rebalances of a group happened.
    case explainGroup(String)

    /// New metadata, in order. Nobody waits for an answer.
    case metadataChanged(ClusterImage, removedTopics: Set<Name>)
    case rulesChanged(GroupRules)
}

/// What a command is answered with.
public enum GroupReply: Sendable {
    case joinGroup(JoinGroupResponse)
    case syncGroup(SyncGroupResponse)
    case heartbeat(HeartbeatResponse)
    case leaveGroup(LeaveGroupResponse)
    case consumerGroupHeartbeat(ConsumerGroupHeartbeatResponse)
    case commitOffsets(OffsetCommitResponse)
    case fetchOffsets(OffsetFetchResponse.OffsetFetchResponseGroup)
    case deleteOffsets(OffsetDeleteResponse)
    case describeGroup(DescribeGroupsResponse.DescribedGroup)
    case describeConsumerGroup(ConsumerGroupDescribeResponse.DescribedGroup)
    case listGroups([ListGroupsResponse.ListedGroup])
    case deleteGroup(ErrorCode)
    case explainGroup(GroupExplanation?)
}
