import Bytes
import KafkaProtocolMore
import Metadata

/// What the clients of the classic protocol tell each other, where the broker speaks in the place of one.
enum ClassicAssignment {
    enum Problem: Error {
        case malformed
        /// An assignor of the clients' own had something to say that would be lost.
        case hasUserData
    }

    /// What a member was assigned by another; topics that are gone are left out.
    static func read(_ bytes: [UInt8], _ topics: TopicsImage) throws(Problem) -> PartitionSet {
        guard !bytes.isEmpty else { return [:] }
        let parsed: ConsumerProtocolAssignment? = bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard let version = try? cursor.int16(), version >= 0 else { return nil }
            return try? ConsumerProtocolAssignment(
                from: &cursor, version: min(version, ConsumerProtocolAssignment.versions.upperBound))
        }
        guard let parsed else { throw .malformed }
        if let data = parsed.userData, !data.isEmpty { throw .hasUserData }
        return partitions(parsed.assignedPartitions.map { ($0.topic, $0.partitions) }, topics)
    }

    static func partitions(_ rows: [(topic: String, partitions: [Int32])], _ topics: TopicsImage) -> PartitionSet {
        var result: PartitionSet = [:]
        for row in rows {
            guard let topic = topics.id(of: row.topic) else { continue }
            for partition in row.partitions { result.insert(topic, partition) }
        }
        return result
    }

    /// - Parameter subscription: of the member, whose version it can read.
    static func write(_ partitions: PartitionSet, for subscription: [UInt8], _ topics: TopicsImage) -> [UInt8] {
        var assignment = ConsumerProtocolAssignment()
        assignment.assignedPartitions = partitions.ordered.compactMap { id, partitions in
            topics[id].map { topic in
                var row = ConsumerProtocolAssignment.TopicPartition()
                (row.topic, row.partitions) = (topic.name, partitions)
                return row
            }
        }
        let read: Int16? = subscription.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            return try? cursor.int16()
        }
        let version = min(max(read ?? 0, 0), ConsumerProtocolAssignment.versions.upperBound)
        var writer = ByteWriter()
        writer.write(version)
        // Every version has these fields, and names of topics are short.
        try? assignment.encode(into: &writer, version: version)
        return writer.bytes
    }
}
