import Bytes
import KafkaProtocol
import Runtime

extension ClientSession {
    /// Counts what an answer says. Kafka leaves out a few top-level codes of success, as of Metadata.
    func countErrors(of response: some KafkaResponse, to reply: Reply) {
        let requests = shard.requests
        response.forEachError(in: reply.version) { requests.count($0, in: reply.key) }
    }

    /// A produce is answered.
    func count(_ pending: PendingProduce) {
        for partition in pending.partitions { shard.requests.count(partition.error, in: .produce) }
        shard.requests.answered(.produce, pending.times)
    }

    /// A fetch is answered with these partitions.
    func count(_ reads: [PartitionRead]) {
        shard.requests.count(.none, in: .fetch)
        for read in reads {
            guard let fetched = read.fetched else { continue }
            shard.requests.count(fetched.error, in: .fetch)
            metrics(of: read)?.fetched(bytes: fetched.byteCount, fetched.error)
        }
        shard.requests.answered(.fetch, requestTimes)
    }

    private func metrics(of read: PartitionRead) -> TopicMetrics? {
        if let source = read.source { return source.metrics }
        let key = read.interest.target.key
        return (key.isByID ? shard.topics[key.topicID] : shard.topics[key.name.text])?.metrics
    }
}
