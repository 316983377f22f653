import Bytes
import KafkaProtocol

/// Where a fetch finds its partitions, those of other shards too.
extension BrokerShard {
    /// Where the partition that a client named is served.
    func locate(_ key: FetchKey) -> Location {
        guard let entry = key.isByID ? topics[key.topicID] : topics[key.name.text] else {
            return .unknown(key.isByID ? .unknownTopicId : .unknownTopicOrPartition)
        }
        return locate(entry, key.partition)
    }

    /// Reads a partition of another shard. Cold reads are made there.
    func fetchElsewhere(
        _ owner: Int, _ topicID: UUID, _ target: FetchTarget, _ options: FetchOptions, budget: Int,
        then: @escaping (FetchedPartition) -> Void
    ) {
        ask(
            owner, topicID, target.key.partition,
            { served, reply in
                switch served {
                case .success(let local):
                    local.fetch(target, options, budget: budget, atLeastOneBatch: true, then: reply)
                case .failure(let refused): reply(FetchedPartition(error: refused.error))
                }
            }, then: then)
    }
}
