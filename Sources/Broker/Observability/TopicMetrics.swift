import KafkaProtocol

/// What one shard has counted for one topic, or for several together.
struct TopicCounts: Sendable {
    var messagesIn: Int64 = 0
    var bytesIn: Int64 = 0
    var bytesOut: Int64 = 0
    /// Of batches that were too large.
    var bytesRejected: Int64 = 0
    /// Partitions named in produce requests; the same for fetches.
    var produceRequests: Int64 = 0
    var failedProduceRequests: Int64 = 0
    var fetchRequests: Int64 = 0
    var failedFetchRequests: Int64 = 0

    mutating func add(_ other: TopicCounts) {
        messagesIn += other.messagesIn
        bytesIn += other.bytesIn
        bytesOut += other.bytesOut
        bytesRejected += other.bytesRejected
        produceRequests += other.produceRequests
        failedProduceRequests += other.failedProduceRequests
        fetchRequests += other.fetchRequests
        failedFetchRequests += other.failedFetchRequests
    }
}

/// The counters of a topic on one shard. Those that have no series of their own share one object.
final class TopicMetrics {
    var counts = TopicCounts()
    let hasOwnSeries: Bool
    /// Partitions below this number have series of their own.
    fileprivate(set) var partitionSeries = 0

    fileprivate init(hasOwnSeries: Bool) { self.hasOwnSeries = hasOwnSeries }

    func appended(messages: Int64, bytes: Int) {
        counts.messagesIn &+= messages
        counts.bytesIn &+= Int64(bytes)
    }

    func rejected(_ error: ErrorCode, bytes: Int) {
        if error == .messageTooLarge || error == .recordListTooLarge { counts.bytesRejected &+= Int64(bytes) }
        if !TopicMetrics.isExpected(error) { counts.failedProduceRequests &+= 1 }
    }

    func fetched(bytes: Int, _ error: ErrorCode) {
        counts.fetchRequests &+= 1
        counts.bytesOut &+= Int64(bytes)
        if !TopicMetrics.isExpected(error) { counts.failedFetchRequests &+= 1 }
    }

    /// Kafka's counts of failed requests leave out what clients bring about in the normal course of things.
    private static func isExpected(_ error: ErrorCode) -> Bool {
        switch error {
        case .none, .unknownTopicOrPartition, .unknownTopicId, .notLeaderOrFollower, .fencedLeaderEpoch,
            .unknownLeaderEpoch, .offsetOutOfRange, .messageTooLarge, .recordListTooLarge, .kafkaStorageError:
            true
        default: false
        }
    }
}

/// Which topics and partitions have series of their own, so that the number of series is bounded: as many as there is room
/// for, at the start in the order of their names, then as they are created. A topic keeps what it was given while it
/// exists, so that no counter ever goes back. Every shard sees the same topics in the same order and comes to the same
/// result.
struct TopicSeries {
    private let maximumTopics: Int
    private let maximumPartitions: Int
    private var topics = 0
    private var partitions = 0
    /// Of all topics without series of their own.
    let others = TopicMetrics(hasOwnSeries: false)
    /// Of topics that are gone.
    private(set) var retired = TopicCounts()

    init(maximumTopics: Int, maximumPartitions: Int) {
        self.maximumTopics = maximumTopics
        self.maximumPartitions = maximumPartitions
    }

    mutating func admit() -> TopicMetrics {
        guard topics < maximumTopics else { return others }
        topics += 1
        return TopicMetrics(hasOwnSeries: true)
    }

    /// The topic has so many partitions now.
    mutating func resize(_ topic: TopicMetrics, to count: Int) {
        guard topic.hasOwnSeries, count > topic.partitionSeries else { return }
        let added = min(count - topic.partitionSeries, maximumPartitions - partitions)
        topic.partitionSeries += added
        partitions += added
    }

    mutating func remove(_ topic: TopicMetrics) {
        guard topic.hasOwnSeries else { return }
        topics -= 1
        partitions -= topic.partitionSeries
        retired.add(topic.counts)
    }
}
