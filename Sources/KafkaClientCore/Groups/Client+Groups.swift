import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

extension Client {
    /// Lists the groups of all brokers, sorted by name.
    public func listGroups(completion: @escaping (Result<[ListedGroup], ClientError>) -> Void) {
        describeCluster(topics: []) { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success(let cluster): listGroups(at: cluster.brokers.keys.sorted()[...], [], completion: completion)
            }
        }
    }

    private func listGroups(
        at nodes: ArraySlice<Int32>, _ known: [ListedGroup],
        completion: @escaping (Result<[ListedGroup], ClientError>) -> Void
    ) {
        guard let node = nodes.first else { return completion(.success(known.sorted { $0.name < $1.name })) }
        send(ListGroupsRequest(), to: .node(node), refusal: { ErrorCode(rawValue: $0.errorCode) }) { [weak self] in
            switch $0 {
            case .failure(let error): completion(.failure(error))
            case .success(let response) where response.errorCode != 0:
                completion(.failure(ClientError(response.errorCode, doing: "listing the groups of broker \(node)")))
            case .success(let response):
                self?.listGroups(
                    at: nodes.dropFirst(), known + response.groups.map(ListedGroup.init), completion: completion)
            }
        }
    }

    /// Describes a group of either protocol.
    public func describeGroup(
        _ name: String, completion: @escaping (Result<GroupDescription, ClientError>) -> Void
    ) {
        var request = ConsumerGroupDescribeRequest()
        request.groupIds = [name]
        let what = "describing group \(name)"
        sendToCoordinator(
            of: name, request, refusal: { ErrorCode(rawValue: $0.groups.first?.errorCode ?? 0) }
        ) { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let error) where error.code == .unsupportedVersion:
                describeClassicGroup(name, completion: completion)
            case .failure(let error): completion(.failure(error))
            case .success(let response):
                guard let row = response.groups.first else { return completion(.failure(.leftOut(name))) }
                switch ErrorCode(rawValue: row.errorCode) {
                case .none:
                    completion(.success(GroupDescription(row, coordinator: coordinators[Name(name)] ?? -1)))
                case .groupIdNotFound, .unsupportedVersion: describeClassicGroup(name, completion: completion)
                case let error: completion(.failure(ClientError(error.rawValue, row.errorMessage, doing: what)))
                }
            }
        }
    }

    private func describeClassicGroup(
        _ name: String, completion: @escaping (Result<GroupDescription, ClientError>) -> Void
    ) {
        var request = DescribeGroupsRequest()
        request.groups = [name]
        sendToCoordinator(
            of: name, request, refusal: { ErrorCode(rawValue: $0.groups.first?.errorCode ?? 0) }
        ) { [weak self] result in
            completion(
                result.flatMap { response in
                    guard let row = response.groups.first else { return .failure(.leftOut(name)) }
                    let isGone = row.errorCode == 0 && row.groupState == "Dead"
                    let code = isGone ? ErrorCode.groupIdNotFound.rawValue : row.errorCode
                    guard code == 0 else {
                        // Brokers say the name again, and no more than the code.
                        return .failure(ClientError(code, doing: "describing group \(name)"))
                    }
                    return .success(GroupDescription(row, coordinator: self?.coordinators[Name(name)] ?? -1))
                })
        }
    }

    /// Deletes a group without members, and its offsets.
    public func deleteGroup(_ name: String, completion: @escaping (Result<Void, ClientError>) -> Void) {
        var request = DeleteGroupsRequest()
        request.groupsNames = [name]
        sendToCoordinator(
            of: name, request, refusal: { ErrorCode(rawValue: $0.results.first?.errorCode ?? 0) }
        ) { result in
            completion(
                result.flatMap { response in
                    guard let row = response.results.first else { return .failure(.leftOut(name)) }
                    guard row.errorCode == 0 else {
                        return .failure(ClientError(row.errorCode, doing: "deleting group \(name)"))
                    }
                    return .success(())
                })
        }
    }
}

extension ListedGroup {
    fileprivate init(_ row: ListGroupsResponse.ListedGroup) {
        name = row.groupId
        protocolType = row.protocolType
        state = row.groupState.isEmpty ? nil : row.groupState
        type = row.groupType.isEmpty ? nil : row.groupType
    }
}

extension GroupDescription {
    fileprivate init(_ row: ConsumerGroupDescribeResponse.DescribedGroup, coordinator: Int32) {
        name = row.groupId
        kind = .consumer
        state = row.groupState
        protocolType = ConsumerProtocolBytes.protocolType
        assignor = row.assignorName
        epoch = row.groupEpoch
        self.coordinator = coordinator
        members = row.members.map(Member.init).sorted { $0.id < $1.id }
    }

    fileprivate init(_ row: DescribeGroupsResponse.DescribedGroup, coordinator: Int32) {
        name = row.groupId
        kind = .classic
        state = row.groupState
        protocolType = row.protocolType
        assignor = row.protocolData
        epoch = nil
        self.coordinator = coordinator
        let isConsumers = row.protocolType == ConsumerProtocolBytes.protocolType
        members = row.members.map { Member($0, isConsumer: isConsumers) }.sorted { $0.id < $1.id }
    }
}

extension GroupDescription.Member {
    fileprivate init(_ row: ConsumerGroupDescribeResponse.Member) {
        id = row.memberId
        instanceId = row.instanceId
        clientId = row.clientId
        host = shownHost(row.clientHost)
        assignment = row.assignment.partitions
        target = row.targetAssignment.partitions
        subscription = row.subscribedTopicNames.sorted()
    }

    fileprivate init(_ row: DescribeGroupsResponse.DescribedGroupMember, isConsumer: Bool) {
        id = row.memberId
        instanceId = row.groupInstanceId
        clientId = row.clientId
        host = shownHost(row.clientHost)
        target = nil
        // Members of other kinds, as Kafka Connect's, tell each other something else.
        assignment = isConsumer ? ConsumerProtocolBytes.assignment(row.memberAssignment) ?? [] : []
        subscription = isConsumer ? ConsumerProtocolBytes.subscription(row.memberMetadata)?.topics.sorted() : nil
    }
}

extension ConsumerGroupDescribeResponse.Assignment {
    fileprivate var partitions: [TopicPartition] {
        topicPartitions.flatMap { row in
            row.partitions.map { TopicPartition(topic: row.topicName, partition: $0) }
        }.sorted()
    }
}

/// An address without the slash that Kafka puts before it.
func shownHost(_ text: String) -> String { text.hasPrefix("/") ? String(text.dropFirst()) : text }
