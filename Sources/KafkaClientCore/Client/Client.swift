import Bytes
import KafkaProtocol
import Runtime

/// Which broker is to answer a request.
public enum Destination: Sendable, Hashable {
    case any
    case controller
    case node(Int32)
    case leader(TopicPartition)
}

/// What became of one of a client's connections.
public enum ConnectionChange: Sendable {
    /// Requests can be sent.
    case ready(BrokerEndpoint)
    /// It could not be made, or broke while requests waited for their answers.
    case failed(BrokerEndpoint, reason: String)
}

/// A client of one cluster: connections, metadata and requests. Producers and consumers share it.
///
/// It lives on one event loop, whose thread alone may call it; completions are called there too, never before the call that
/// they belong to has returned to the loop, unless the client is closed.
public final class Client {
    public let configuration: ClientConfiguration
    public private(set) var metadata = ClusterMetadata()

    let loop: any ClientLoop
    var generator: SeededGenerator
    private var connections: [ConnectionKey: BrokerConnection] = [:]
    private var isClosed = false
    private var metadataState: MetadataState
    private var observers: [() -> Void] = []
    /// Where groups were last found, by their names.
    var coordinators: [Name: Int32] = [:]
    /// Told what becomes of connections. What is asked is tried again all the same, so this is for people to read.
    public var onConnectionChange: ((ConnectionChange) -> Void)?

    /// A fetch waits on the broker for data, and a broker answers a connection's requests one after another: it gets a
    /// connection of its own, so that nothing else waits behind it.
    enum Purpose: Hashable {
        case general
        case fetch
        /// Joining a group waits for its other members.
        case group
    }

    private struct ConnectionKey: Hashable {
        let endpoint: BrokerEndpoint
        let purpose: Purpose
    }

    /// - Parameter seed: for the randomness of waits and choices.
    public init(loop: any ClientLoop, configuration: ClientConfiguration, seed: UInt64) {
        precondition(!configuration.bootstrapServers.isEmpty, "a client needs a broker to ask first")
        self.loop = loop
        self.configuration = configuration
        generator = SeededGenerator(seed: seed)
        metadataState = MetadataState(
            backoff: Backoff(initial: configuration.retryBackoff, maximum: configuration.retryBackoffMaximum))
    }

    /// Ends every connection and request. The client cannot be used afterwards.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        if let timer = metadataState.timer { loop.cancel(timer) }
        for connection in connections.values { connection.shut() }
        connections = [:]
        observers = []
    }
}

// MARK: - Connections

extension Client {
    /// Sends a request once, to the broker that `destination` means now.
    func transmit(_ request: OutgoingRequest, to destination: Destination, purpose: Purpose = .general) {
        guard !isClosed else {
            request.complete(.failure(ClientError(.closed, "the client is closed")))
            return
        }
        guard let connection = connection(for: destination, purpose) else {
            refreshMetadata()
            request.complete(.failure(ClientError(.leaderUnavailable, "\(destination.name) is not known")))
            return
        }
        connection.send(request)
    }

    /// The versions of a request that the broker at `destination` and this client both speak; nil when that is not known
    /// yet, or there is none.
    func commonVersions(
        _ apiKey: ApiKey, _ own: ClosedRange<Int16>, at destination: Destination, purpose: Purpose
    ) -> ClosedRange<Int16>? {
        connection(for: destination, purpose)?.commonVersions(apiKey, own)
    }

    private func connection(for destination: Destination, _ purpose: Purpose) -> BrokerConnection? {
        switch destination {
        case .any: anyConnection(purpose)
        case .controller:
            metadata.controllerId.flatMap { metadata.brokers[$0] }.map { connection(to: $0.endpoint, purpose) }
                ?? anyConnection(purpose)
        case .node(let id): metadata.brokers[id].map { connection(to: $0.endpoint, purpose) }
        case .leader(let partition): metadata.leader(of: partition).map { connection(to: $0.endpoint, purpose) }
        }
    }

    /// The best of the known brokers; when all of them fail, the bootstrap servers are tried again too.
    private func anyConnection(_ purpose: Purpose) -> BrokerConnection? {
        var candidates = metadata.brokers.values.map { connection(to: $0.endpoint, purpose) }
        if candidates.allSatisfy({ $0.rank >= 3 }) {
            candidates += configuration.bootstrapServers.map { connection(to: $0, purpose) }
        }
        candidates.shuffle(using: &generator)
        return candidates.min { ($0.rank, $0.load) < ($1.rank, $1.load) }
    }

    private func connection(to endpoint: BrokerEndpoint, _ purpose: Purpose) -> BrokerConnection {
        let key = ConnectionKey(endpoint: endpoint, purpose: purpose)
        if let known = connections[key] { return known }
        let connection = BrokerConnection(
            endpoint: endpoint, loop: loop, configuration: configuration, seed: generator.next())
        connection.onReady = { [weak self] in self?.onConnectionChange?(.ready(endpoint)) }
        connection.onRequestsLost = { [weak self] in self?.onConnectionChange?(.failed(endpoint, reason: $0)) }
        // A broker that goes away often takes leaderships with it.
        connection.onDisconnect = { [weak self] _ in
            guard let self, !metadata.topics.isEmpty else { return }
            refreshMetadata()
        }
        connections[key] = connection
        return connection
    }

    /// Lets go of connections to addresses that the cluster no longer has.
    private func pruneConnections() {
        let known = Set(metadata.brokers.values.map(\.endpoint)).union(configuration.bootstrapServers)
        for (key, connection) in connections where !known.contains(key.endpoint) && connection.load == 0 {
            connection.shut()
            connections[key] = nil
        }
    }
}

// MARK: - Metadata

extension Client {
    private struct MetadataState {
        /// Topics that somebody here produces to or consumes from.
        var topics: Set<String> = []
        var isInFlight = false
        /// Asked for while a request was in flight that may not have covered it.
        var isWantedAgain = false
        /// The next refresh: by age, or the backoff after one.
        var timer: ClientTimer?
        var isTimerForAge = false
        var lastRefresh: MonotonicTime?
        var backoff: Backoff
    }

    /// Calls `handler` whenever metadata arrived.
    func observeMetadata(_ handler: @escaping () -> Void) { observers.append(handler) }

    /// Makes sure that metadata of `topic` is asked for, now and from now on.
    func track(topic: String) { track(topics: CollectionOfOne(topic)) }

    /// Makes sure that metadata of all of `topics` is asked for, together, now and from now on.
    func track(topics: some Sequence<String>) {
        let known = metadataState.topics.count
        metadataState.topics.formUnion(topics)
        if metadataState.topics.count > known { refreshMetadata() }
    }

    /// Forgets what is known of a topic.
    func forget(topic: String) {
        metadataState.topics.remove(topic)
        metadata.forget(topic: topic)
    }

    /// Asks for metadata, soon: not again within the retry backoff, and not twice at a time.
    func refreshMetadata() {
        guard !isClosed else { return }
        if metadataState.isInFlight {
            metadataState.isWantedAgain = true
            return
        }
        if let timer = metadataState.timer {
            guard metadataState.isTimerForAge else { return }
            loop.cancel(timer)
            metadataState.timer = nil
        }
        if let last = metadataState.lastRefresh, loop.now - last < configuration.retryBackoff {
            scheduleRefresh(after: configuration.retryBackoff, isForAge: false)
        } else {
            requestMetadata()
        }
    }

    private func scheduleRefresh(after delay: Interval, isForAge: Bool) {
        metadataState.isTimerForAge = isForAge
        metadataState.timer = loop.schedule(after: delay) { [weak self] in
            guard let self else { return }
            metadataState.timer = nil
            requestMetadata()
        }
    }

    private func requestMetadata() {
        metadataState.isInFlight = true
        metadataState.isWantedAgain = false
        var request = MetadataRequest()
        request.allowAutoTopicCreation = configuration.allowAutoTopicCreation
        request.topics = metadataState.topics.sorted().map(MetadataRequest.MetadataRequestTopic.init(name:))
        attempt(request, to: .any, timeout: configuration.requestTimeout) { [weak self] result in
            self?.metadataReceived(result)
        }
    }

    private func metadataReceived(_ result: Result<MetadataResponse, ClientError>) {
        guard !isClosed else { return }
        metadataState.isInFlight = false
        metadataState.lastRefresh = loop.now
        switch result {
        case .success(let response) where response.errorCode == 0 && !response.brokers.isEmpty:
            metadataState.backoff.reset()
            learn(response)
        case .success, .failure:
            let wait = metadataState.backoff.next(using: &generator)
            scheduleRefresh(after: wait, isForAge: false)
            return
        }
        guard metadataState.timer == nil else { return }
        let isAgain = metadataState.isWantedAgain
        scheduleRefresh(
            after: isAgain ? configuration.retryBackoff : configuration.metadataMaximumAge, isForAge: !isAgain)
    }

    /// Takes in metadata that came by whatever request, and tells who waits for it.
    func learn(_ response: MetadataResponse) {
        metadata.update(with: response)
        pruneConnections()
        for observer in observers { observer() }
    }

    /// Takes in a leader that a response named; asks for metadata when its address is not known.
    func learn(_ partition: TopicPartition, leader: Int32, leaderEpoch: Int32) {
        let isNews = metadata.update(partition, leader: leader, leaderEpoch: leaderEpoch)
        if !isNews || metadata.brokers[leader] == nil { refreshMetadata() }
    }
}

extension MetadataRequest.MetadataRequestTopic {
    init(name: String) {
        self.init()
        self.name = name
    }
}

extension Destination {
    var name: String {
        switch self {
        case .any: "a broker"
        case .controller: "the controller"
        case .node(let id): "broker \(id)"
        case .leader(let partition): "the leader of \(partition)"
        }
    }
}
