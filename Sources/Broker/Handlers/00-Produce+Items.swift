import Bytes
import KafkaProtocol
import Metadata
import Records

/// One batch of a produce request and where it goes.
struct ProduceItem {
    var partition: Int32
    /// nil where the topic is not known; then `error` says why.
    var entry: TopicEntry?
    var error: ErrorCode
    /// Lies in the request's frame; empty for a null field.
    var records: UnsafeMutableRawBufferPointer
}

/// The batches of a request by topic. A partition that is named twice counts as its last mention, as in Kafka.
struct ProduceItems {
    private(set) var topics: [ProducedTopic] = []
    private(set) var partitions: [ProduceItem] = []

    /// - Parameter view: of the request's body.
    mutating func collect(_ view: ProduceRequestView, of request: Request, _ session: ClientSession) {
        for topic in view.topics {
            var (named, entry, error) = resolve(topic, of: request, session)
            for row in topic.partitions {
                let records = row.records(in: request.body) ?? UnsafeMutableRawBufferPointer(start: nil, count: 0)
                partitions.append(ProduceItem(partition: row.index, entry: entry, error: error, records: records))
                named.partitionCount += 1
            }
            if named.partitionCount > 0 { topics.append(named) }
        }
        if partitions.count > 1 { removeDuplicates() }
    }

    /// Whether a batch says that it belongs to a transaction; nothing else of it has been checked.
    var hasTransactionalBatch: Bool {
        partitions.contains { item in
            guard let header = try? RecordBatchHeader(UnsafeRawBufferPointer(item.records)) else { return false }
            return header.attributes.isTransactional
        }
    }

    private func resolve(
        _ topic: ProduceRequestView.Topic, of request: Request, _ session: ClientSession
    ) -> (ProducedTopic, TopicEntry?, ErrorCode) {
        let isNamedByID = request.version >= 13
        let known =
            isNamedByID
            ? session.recentTopics.entry(topic.topicId, in: session.shard.topics)
            : session.recentTopics.entry(named: topic.name, in: session.shard.topics)
        if let known {
            let produced = ProducedTopic(id: known.id, name: known.nameBytes)
            // What the broker keeps for itself is written by the broker, and by one client id that Kafka's tools may take.
            if known.isInternal, request.clientID != "__admin_client" { return (produced, nil, .invalidTopicException) }
            return (produced, known, .none)
        }
        if isNamedByID { return (ProducedTopic(id: topic.topicId, name: []), nil, .unknownTopicId) }
        let name = String(decoding: topic.name, as: UTF8.self)
        let error: ErrorCode = TopicName.isInternal(name) ? .invalidTopicException : .unknownTopicOrPartition
        return (ProducedTopic(id: .zero, name: Array(name.utf8)), nil, error)
    }

    private struct Key: Hashable {
        /// Where it alone tells the topic.
        var name: [UInt8]
        var id: UUID
        var partition: Int32
    }

    private mutating func removeDuplicates() {
        var topicOf: [Int] = []
        topicOf.reserveCapacity(partitions.count)
        for (index, topic) in topics.enumerated() {
            topicOf.append(contentsOf: repeatElement(index, count: topic.partitionCount))
        }
        var last: [Key: Int] = [:]
        var hasDuplicates = false
        for (slot, item) in partitions.enumerated() {
            let topic = topics[topicOf[slot]]
            let key = Key(name: item.entry == nil ? topic.name : [], id: topic.id, partition: item.partition)
            if last.updateValue(slot, forKey: key) != nil { hasDuplicates = true }
        }
        guard hasDuplicates else { return }
        let kept = Set(last.values)
        for slot in partitions.indices where !kept.contains(slot) { topics[topicOf[slot]].partitionCount -= 1 }
        partitions = partitions.indices.filter { kept.contains($0) }.map { partitions[$0] }
        topics.removeAll { $0.partitionCount == 0 }
    }
}
