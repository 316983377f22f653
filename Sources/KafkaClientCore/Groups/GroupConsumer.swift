import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

/// Takes what a member of a group is given to read.
public protocol GroupConsumerDelegate: AnyObject {
    /// These partitions are this member's now, perhaps none; records of them follow.
    func groupConsumer(_ consumer: GroupConsumer, assigned partitions: [TopicPartition])
    /// Called for each record of a partition in order.
    func groupConsumer(_ consumer: GroupConsumer, received record: ConsumedRecord, from partition: TopicPartition)
    /// The position is known, or has moved; `end` is where readers of this isolation level have to wait.
    func groupConsumer(
        _ consumer: GroupConsumer, reached position: Int64, end: Int64, of partition: TopicPartition)
    /// What the group had stored, or where this member stood, is not in the log any more; it goes on where
    /// `GroupConsumerConfiguration.start` says.
    func groupConsumer(_ consumer: GroupConsumer, lost position: Int64, of partition: TopicPartition)
    /// The partitions are given up: the last moment to say what was processed.
    func groupConsumerWillRevoke(_ consumer: GroupConsumer)
    /// It is over: it cannot be a member, or a partition cannot be read.
    func groupConsumer(_ consumer: GroupConsumer, failed error: ClientError)
}

/// Reads topics together with the other members of a classic group, and stores what it is told was processed.
///
/// It belongs to its client's event loop. Once started it goes on until it is told to leave, whatever becomes of brokers.
public final class GroupConsumer {
    public let configuration: GroupConsumerConfiguration
    public weak var delegate: (any GroupConsumerDelegate)?

    let client: Client
    let consumer: Consumer
    var membership = GroupMembership()
    private var isClosed = false
    private var heartbeat: ClientTimer?
    private var isHeartbeatUnderWay = false
    private var lastAnswer: MonotonicTime
    private var commits: GroupCommits
    /// Partitions of which nothing is stored, or what is gone: where reading begins in them is to be stored, so that the next
    /// one who reads them begins there too.
    private var unsettled: Set<TopicPartition> = []
    private var joinBackoff: Backoff

    public init(client: Client, configuration: GroupConsumerConfiguration) {
        self.client = client
        self.configuration = configuration
        var fetching = configuration.fetching
        fetching.offsetReset = configuration.start
        consumer = Consumer(client: client, configuration: fetching)
        lastAnswer = client.loop.now
        commits = GroupCommits()
        joinBackoff = Backoff(
            initial: client.configuration.retryBackoff, maximum: client.configuration.retryBackoffMaximum)
    }

    public func start() {
        consumer.delegate = self
        client.track(topics: configuration.topics)
        client.observeMetadata { [weak self] in self?.metadataChanged() }
        scheduleCommit()
        take(membership.begin())
    }

    /// The records of a partition before this offset need not be read again.
    public func processed(upTo offset: Int64, of partition: TopicPartition) {
        commits.processed(upTo: offset, of: partition)
    }

    /// Stores what was processed, leaves the group, and calls `completion` when that is done or cannot be.
    public func leave(completion: @escaping () -> Void) {
        guard !isClosed else { return completion() }
        let wasMember = membership.state == .stable
        consumer.close()
        guard wasMember else { return depart(completion) }
        commit { [weak self] in self?.depart(completion) }
    }

    private func depart(_ completion: @escaping () -> Void) {
        isClosed = true
        if let heartbeat { client.loop.cancel(heartbeat) }
        let member = membership.memberId
        membership.end()
        guard !member.isEmpty else { return completion() }
        var identity = LeaveGroupRequest.MemberIdentity()
        identity.memberId = member
        identity.reason = "the consumer is closed"
        let group = configuration.group
        // It may be waiting for a rebalance, which would hold up what comes behind.
        ask(
            LeaveGroupRequest(), timeout: .seconds(5), purpose: .general,
            adapt: { (request, version) in
                request.groupId = group
                if version >= 3 { request.members = [identity] } else { request.memberId = member }
            }, completion: { _ in completion() })
    }
}

// MARK: - Steps

extension GroupConsumer {
    private func take(_ steps: [GroupMembership.Step]) {
        for step in steps where !isClosed {
            switch step {
            case .join: join()
            case .joinLater(let isElsewhere):
                if isElsewhere { client.forgetCoordinator(of: configuration.group) }
                let wait = joinBackoff.next(using: &client.generator)
                _ = client.loop.schedule(after: wait) { [weak self] in
                    guard let self, !isClosed, membership.state == .joining else { return }
                    join()
                }
            case .lookUp(let topics): lookUp(topics)
            case .sync(let assignments): sync(assignments)
            case .adopt(let partitions): adopt(partitions)
            case .revoke:
                stopReading()
                commit { [weak self] in
                    guard let self else { return }
                    commits.forget()
                    take(membership.revoked())
                }
            case .abandon:
                stopReading()
                commits.forget()
            case .findCoordinator: client.forgetCoordinator(of: configuration.group)
            case .fail(let error):
                stopReading()
                fail(ClientError(error.rawValue, doing: "reading in group \(configuration.group)"))
            }
        }
    }

    private func fail(_ error: ClientError) {
        consumer.close()
        depart { [weak self] in
            guard let self else { return }
            delegate?.groupConsumer(self, failed: error)
        }
    }

    /// Sends a request to the coordinator once; by default on a connection where nothing else waits behind a rebalance.
    private func ask<Request: KafkaRequest>(
        _ request: Request, timeout: Interval, versions: ClosedRange<Int16> = Request.versions,
        purpose: Client.Purpose = .group, adapt: @escaping (inout Request, Int16) -> Void = { (_, _) in },
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        client.askCoordinator(
            of: configuration.group, request, timeout: timeout, versions: versions, purpose: purpose, adapt: adapt,
            completion: completion)
    }

    private func join() {
        var subscription = ConsumerProtocolSubscription()
        subscription.topics = configuration.topics.sorted()
        var offered = JoinGroupRequest.JoinGroupRequestProtocol()
        offered.name = RangeAssignment.name
        do throws(EncodeError) {
            offered.metadata = try ConsumerProtocolBytes.bytes(subscription, version: 1)
        } catch {
            return take([.fail(.invalidTopicException)])
        }
        var request = JoinGroupRequest()
        request.groupId = configuration.group
        request.sessionTimeoutMs = Int32(clamping: configuration.sessionTimeout.milliseconds)
        request.rebalanceTimeoutMs = Int32(clamping: configuration.rebalanceTimeout.milliseconds)
        request.memberId = membership.memberId
        request.protocolType = ConsumerProtocolBytes.protocolType
        request.protocols = [offered]
        // The coordinator answers when all members have joined, or their time is up.
        ask(request, timeout: configuration.rebalanceTimeout + .seconds(5)) { [weak self] result in
            guard let self, !isClosed else { return }
            switch result {
            case .success(let response):
                if response.errorCode == 0 { joinBackoff.reset() }
                take(membership.joinAnswered(response))
            case .failure(let error): unreachable(error)
            }
        }
    }

    private func unreachable(_ error: ClientError) {
        guard !error.isRetriable else { return take(membership.unreachable()) }
        fail(error)
    }

    private func lookUp(_ topics: [String]) {
        client.describeCluster(topics: topics) { [weak self] result in
            guard let self, !isClosed else { return }
            switch result {
            case .success(let cluster): take(membership.divide(cluster.topics.mapValues(\.partitions.count)))
            case .failure(let error): unreachable(error)
            }
        }
    }

    private func sync(_ assignments: [Name: [UInt8]]) {
        var request = SyncGroupRequest()
        request.groupId = configuration.group
        request.generationId = membership.generation
        request.memberId = membership.memberId
        request.protocolType = ConsumerProtocolBytes.protocolType
        request.protocolName = RangeAssignment.name
        request.assignments = assignments.sorted { $0.key < $1.key }.map { member, bytes in
            var row = SyncGroupRequest.SyncGroupRequestAssignment()
            (row.memberId, row.assignment) = (member.text, bytes)
            return row
        }
        ask(request, timeout: configuration.rebalanceTimeout + .seconds(5)) { [weak self] result in
            guard let self, !isClosed else { return }
            switch result {
            case .success(let response): take(membership.syncAnswered(response))
            case .failure(let error): unreachable(error)
            }
        }
    }

    // MARK: Partitions

    private func adopt(_ partitions: [TopicPartition]) {
        lastAnswer = client.loop.now
        scheduleHeartbeat()
        delegate?.groupConsumer(self, assigned: partitions)
        guard !partitions.isEmpty, !isClosed else { return }
        let generation = membership.generation
        client.committedOffsets(of: configuration.group, in: partitions) { [weak self] result in
            guard let self, !isClosed, membership.state == .stable, membership.generation == generation else { return }
            switch result {
            case .success(let offsets):
                unsettled = Set(partitions).subtracting(offsets.keys)
                for partition in partitions {
                    let start = offsets[partition].map { StartPosition.offset($0.offset) } ?? configuration.start
                    consumer.assign(partition, from: start)
                }
            case .failure(let error):
                fail(error)
            }
        }
    }

    private func stopReading() {
        delegate?.groupConsumerWillRevoke(self)
        for partition in consumer.order { consumer.unassign(partition) }
    }

    private func metadataChanged() {
        guard !isClosed else { return }
        take(membership.partitionCountsChanged(client.metadata.topics.mapValues(\.partitions.count)))
    }
}

// MARK: - Heartbeats and commits

extension GroupConsumer {
    private func scheduleHeartbeat() {
        if let heartbeat { client.loop.cancel(heartbeat) }
        heartbeat = client.loop.schedule(after: configuration.heartbeatInterval) { [weak self] in
            guard let self, !isClosed, membership.state == .stable else { return }
            beat()
            scheduleHeartbeat()
        }
    }

    private func beat() {
        guard client.loop.now - lastAnswer < configuration.sessionTimeout else {
            return take(membership.sessionEnded())
        }
        guard !isHeartbeatUnderWay else { return }
        isHeartbeatUnderWay = true
        var request = HeartbeatRequest()
        request.groupId = configuration.group
        request.generationId = membership.generation
        request.memberId = membership.memberId
        let generation = membership.generation
        ask(request, timeout: configuration.sessionTimeout) { [weak self] result in
            guard let self else { return }
            isHeartbeatUnderWay = false
            guard !isClosed, membership.generation == generation, case .success(let response) = result else { return }
            if response.errorCode == 0 { lastAnswer = client.loop.now }
            take(membership.answered(ErrorCode(rawValue: response.errorCode)))
        }
    }

    private func scheduleCommit() {
        _ = client.loop.schedule(after: configuration.commitInterval) { [weak self] in
            guard let self, !isClosed else { return }
            if membership.state == .stable { commit {} }
            scheduleCommit()
        }
    }

    /// Stores what was processed and not stored yet, and goes on when that is done or cannot be.
    private func commit(_ then: @escaping () -> Void) {
        switch commits.begin(then) {
        case .nothingToStore: then()
        case .waits: break
        case .store(let offsets): store(offsets)
        }
    }

    private func store(_ offsets: [TopicPartition: Int64]) {
        var request = OffsetCommitRequest(offsets.mapValues { GroupOffset(offset: $0) })
        request.groupId = configuration.group
        request.generationIdOrMemberEpoch = membership.generation
        request.memberId = membership.memberId
        let generation = membership.generation
        ask(request, timeout: .seconds(10), versions: OffsetCommitRequest.byName) { [weak self] result in
            guard let self else { return }
            let response = try? result.get()
            let errors = response?.topics.flatMap(\.partitions).map { ErrorCode(rawValue: $0.errorCode) }
            let error = errors?.first { $0 != .none }
            let (goOn, isWantedAgain) = commits.end(offsets, isStored: response != nil && error == nil)
            if !isClosed, membership.generation == generation, let error { take(membership.answered(error)) }
            if isWantedAgain, !isClosed { commit {} }
            for then in goOn { then() }
        }
    }
}

extension GroupConsumer: ConsumerDelegate {
    public func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition) {
        unsettled.remove(partition)
        delegate?.groupConsumer(self, received: record, from: partition)
    }

    public func consumer(
        _ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition
    ) {
        if unsettled.remove(partition) != nil { processed(upTo: position, of: partition) }
        delegate?.groupConsumer(self, reached: position, end: end, of: partition)
    }

    public func consumer(_ consumer: Consumer, lost position: Int64, of partition: TopicPartition) {
        unsettled.insert(partition)
        delegate?.groupConsumer(self, lost: position, of: partition)
    }

    public func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError) {
        guard !isClosed else { return }
        fail(error)
    }
}
