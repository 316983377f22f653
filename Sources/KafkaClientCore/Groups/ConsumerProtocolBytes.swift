import Bytes
import KafkaProtocol
import KafkaProtocolMore

/// What members of a classic group tell each other, as bytes that brokers pass on unread.
enum ConsumerProtocolBytes {
    /// What consumers call what they speak among themselves.
    static let protocolType = "consumer"

    /// Nil where it cannot be read.
    static func subscription(_ bytes: [UInt8]) -> ConsumerProtocolSubscription? { read(bytes) }

    /// Partitions in order; nil where it cannot be read. Nothing is an empty assignment.
    static func assignment(_ bytes: [UInt8]) -> [TopicPartition]? {
        guard !bytes.isEmpty else { return [] }
        let parsed: ConsumerProtocolAssignment? = read(bytes)
        return parsed.map { assignment in
            assignment.assignedPartitions.flatMap { row in
                row.partitions.map { TopicPartition(topic: row.topic, partition: $0) }
            }.sorted()
        }
    }

    static func bytes(_ subscription: ConsumerProtocolSubscription, version: Int16) throws(EncodeError) -> [UInt8] {
        try write(subscription, version)
    }

    static func bytes(assigning partitions: [TopicPartition]) throws(EncodeError) -> [UInt8] {
        var assignment = ConsumerProtocolAssignment()
        assignment.assignedPartitions = partitions.sorted().byTopic.map { topic, partitions in
            var row = ConsumerProtocolAssignment.TopicPartition()
            (row.topic, row.partitions) = (topic, partitions)
            return row
        }
        return try write(assignment, 0)
    }

    private static func read<Message: KafkaMessage>(_ bytes: [UInt8]) -> Message? {
        bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard let version = try? cursor.int16(), version >= 0 else { return nil }
            // A later version has what the newest known one has, and more behind it.
            return try? Message(from: &cursor, version: min(version, Message.versions.upperBound))
        }
    }

    private static func write(_ message: some KafkaMessage, _ version: Int16) throws(EncodeError) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(version)
        try message.encode(into: &writer, version: version)
        return writer.bytes
    }
}
