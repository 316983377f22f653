import Bytes
import KafkaProtocolMore

/// A topic with some of its partitions, in a request or in an answer.
protocol PartitionRows {
    associatedtype Partition
    var name: String { get }
    var topicId: UUID { get }
    var partitions: [Partition] { get set }
}

extension PartitionRows {
    /// Where topics are known by their names alone.
    var topicId: UUID { .zero }

    fileprivate var key: TopicKey { TopicKey(id: topicId, name: Name(name)) }
}

private struct TopicKey: Hashable {
    let id: UUID
    let name: Name
}

protocol PartitionIndexed {
    var partitionIndex: Int32 { get }
}

extension Array where Element: PartitionRows {
    /// Adds rows, a topic in one place.
    mutating func merge(_ others: [Element]) {
        var places = Dictionary(enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        for topic in others {
            if let place = places[topic.key] {
                self[place].partitions += topic.partitions
            } else {
                places[topic.key] = count
                append(topic)
            }
        }
    }
}

extension Array where Element: PartitionRows, Element.Partition: PartitionIndexed {
    /// What a request names that is here, and what is not. A topic without partitions is in neither.
    func split(by topics: TopicTable) -> (known: [Element], missing: [Element]) {
        var (known, missing): ([Element], [Element]) = ([], [])
        for topic in self {
            let entry = topics[topic.name]
            var (present, absent) = (topic, topic)
            present.partitions.removeAll { entry?.route($0.partitionIndex) == nil }
            absent.partitions.removeAll { entry?.route($0.partitionIndex) != nil }
            if !present.partitions.isEmpty { known.append(present) }
            if !absent.partitions.isEmpty { missing.append(absent) }
        }
        return (known, missing)
    }
}

extension OffsetCommitRequest.OffsetCommitRequestTopic: PartitionRows {}
extension OffsetCommitRequest.OffsetCommitRequestPartition: PartitionIndexed {}
extension OffsetCommitResponse.OffsetCommitResponseTopic: PartitionRows {}
extension OffsetDeleteRequest.OffsetDeleteRequestTopic: PartitionRows {}
extension OffsetDeleteRequest.OffsetDeleteRequestPartition: PartitionIndexed {}
extension OffsetDeleteResponse.OffsetDeleteResponseTopic: PartitionRows {}
