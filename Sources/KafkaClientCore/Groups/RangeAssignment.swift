import Bytes

/// Kafka's range assignor, for members without racks: of each topic every member that reads it gets a run of partitions,
/// the first members one more where they do not come out even.
enum RangeAssignment {
    static let name = "range"

    struct Member: Equatable {
        let id: Name
        let instanceId: Name?
        let topics: [String]
    }

    /// - Parameter partitionCounts: of the topics that there are; others are left out.
    static func assign(_ members: [Member], partitionCounts: [String: Int]) -> [Name: [TopicPartition]] {
        let ordered = members.sorted(by: isBefore)
        var result = Dictionary(ordered.map { ($0.id, [TopicPartition]()) }, uniquingKeysWith: { first, _ in first })
        for topic in Set(members.flatMap(\.topics)).sorted() {
            guard let count = partitionCounts[topic] else { continue }
            let readers = ordered.filter { $0.topics.contains(topic) }
            let (share, rest) = count.quotientAndRemainder(dividingBy: readers.count)
            var next = 0
            for (place, reader) in readers.enumerated() {
                let end = next + share + (place < rest ? 1 : 0)
                result[reader.id, default: []] += (next..<end).map {
                    TopicPartition(topic: topic, partition: Int32(truncatingIfNeeded: $0))
                }
                next = end
            }
        }
        return result
    }

    /// Static members come first, and keep their places when they come back with another id.
    private static func isBefore(_ left: Member, _ right: Member) -> Bool {
        switch (left.instanceId, right.instanceId) {
        case (let left?, let right?): left < right
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): left.id < right.id
        }
    }
}
