import Bytes
import Collections
import Coordination
import KafkaProtocol
public import KafkaProtocolMore

/// What is asked about groups of any protocol.
extension GroupMachine {
    public func list(_ request: ListGroupsRequest) -> [ListGroupsResponse.ListedGroup] {
        let states = Set(request.statesFilter.map { $0.lowercased() })
        let types = Set(request.typesFilter.map { $0.lowercased() })
        return groups.current.compactMap { name, group in
            guard states.isEmpty || states.contains(group.stateName.lowercased()),
                types.isEmpty || types.contains(group.typeName)
            else { return nil }
            var row = ListGroupsResponse.ListedGroup()
            row.groupId = name.text
            row.protocolType = group.protocolType.text
            row.groupState = group.stateName
            row.groupType = group.typeName
            return row
        }
    }

    /// DescribeGroups: what is not a classic group is not there.
    func describe(_ name: Name, _ client: GroupClient) -> DescribeGroupsResponse.DescribedGroup {
        if case .classic(let group) = groups[name] { return group.description(named: name) }
        var row = DescribeGroupsResponse.DescribedGroup()
        row.groupId = name.text
        row.groupState = "Dead"
        if client.version >= 6 {
            row.errorCode = ErrorCode.groupIdNotFound.rawValue
            row.errorMessage =
                groups[name] == nil ? "Group \(name) not found." : "Group \(name) is not a classic group."
        }
        return row
    }

    /// Deletes a group without members, and its offsets.
    mutating func delete(_ name: Name, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>) {
        guard let group = groups[name] else {
            return effects.reply(token, .deleteGroup(.groupIdNotFound))
        }
        guard group.isEmpty else { return effects.reply(token, .deleteGroup(.nonEmptyGroup)) }
        for (topic, partition) in offsets.partitions(of: name) { deleteOffset(name, topic, partition, &effects) }
        remove(name, group, &effects)
        note(
            GroupEvent(time: effects.now.wall, generation: group.generation, kind: .deleted, reason: "on request"),
            of: name)
        effects.reply(token, .deleteGroup(.none))
    }

    /// Ends a group without members.
    mutating func remove(_ name: Name, _ group: Group, _ effects: inout Effects<GroupMachine>) {
        switch group {
        case .classic(let group): removeClassic(name, group, &effects)
        case .consumer(let group): removeConsumer(name, group, &effects)
        }
    }
}

extension Group {
    var typeName: String {
        switch self {
        case .classic: "classic"
        case .consumer: "consumer"
        }
    }

    var protocolType: Name {
        switch self {
        case .classic(let group): group.protocolType ?? ""
        case .consumer: "consumer"
        }
    }

    var stateName: String {
        switch self {
        case .classic(let group): group.state.name
        case .consumer(let group): group.state.name
        }
    }

    /// The generation, or the group epoch.
    var generation: Int32 {
        switch self {
        case .classic(let group): group.generation
        case .consumer(let group): group.epoch
        }
    }

    var isEmpty: Bool {
        switch self {
        case .classic(let group): group.state == .empty
        case .consumer(let group): group.members.isEmpty
        }
    }

    /// Whether a member may still read this topic, so that its offsets must stay.
    func isSubscribed(to topic: Name) -> Bool {
        switch self {
        case .classic(let group): group.isSubscribed(to: topic)
        case .consumer(let group): group.isSubscribed(to: topic)
        }
    }

    /// Whether whoever claims to be this member may commit offsets.
    func checkCommit(_ request: OffsetCommitRequest, version: Int16) -> ErrorCode {
        switch self {
        case .classic(let group): group.checkCommit(request)
        case .consumer(let group): group.checkCommit(request, version: version)
        }
    }

    /// The member that commits, if it does so in an epoch that is not its newest.
    func lateMember(of request: OffsetCommitRequest) -> ConsumerMember? {
        guard case .consumer(let group) = self, let member = group.members[request.member] else { return nil }
        return request.generationIdOrMemberEpoch < member.current.epoch ? member : nil
    }

    /// Whether whoever claims to be this member may ask for offsets.
    func checkFetch(member: Name?, epoch: Int32) -> ErrorCode {
        switch self {
        case .classic: .none
        case .consumer(let group): group.checkFetch(member: member, epoch: epoch)
        }
    }
}
