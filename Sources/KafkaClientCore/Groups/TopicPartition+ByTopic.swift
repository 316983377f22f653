import Bytes

extension Sequence<TopicPartition> {
    /// As requests name them: the topics in order, each with its partitions as they stand here.
    var byTopic: [(topic: String, partitions: [Int32])] {
        Dictionary(grouping: self, by: \.topic).sorted { $0.key < $1.key }.map { ($0.key, $0.value.map(\.partition)) }
    }
}
