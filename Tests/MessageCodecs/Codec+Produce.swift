import Bytes
import KafkaProtocol

extension Codec {
    static let produceRequest = Codec(name: "ProduceRequest") { bytes, version throws(DecodeError) in
        let view = try ProduceRequestView(bytes, version: version)
        for topic in view.topics { for partition in topic.partitions { _ = partition.records } }
    } reencode: { bytes, version in
        let view = try ProduceRequestView(bytes, version: version)
        var writer = ByteWriter()
        var request = try ProduceRequestWriter(
            version: version, transactionalId: view.transactionalId.map(text), acks: view.acks,
            timeoutMs: view.timeoutMs, topicCount: view.topics.count, into: &writer)
        for topic in view.topics {
            try request.beginTopic(
                name: text(topic.name), topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
            for partition in topic.partitions {
                request.partition(partition.index, records: partition.records, into: &writer)
            }
            request.endTopic(into: &writer)
        }
        request.end(into: &writer)
        return Reencoded(bytes: writer.bytes, trailing: view.trailingByteCount)
    }

    static let produceResponse = Codec(name: "ProduceResponse") { bytes, version throws(DecodeError) in
        let view = try ProduceResponseView(bytes, version: version)
        for topic in view.topics { for partition in topic.partitions { _ = partition.errorCode } }
    } reencode: { bytes, version in
        let view = try ProduceResponseView(bytes, version: version)
        var writer = ByteWriter()
        var response = ProduceResponseWriter(version: version, topicCount: view.topics.count, into: &writer)
        for topic in view.topics {
            response.beginTopic(
                name: topic.name, topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
            for partition in topic.partitions { try response.partition(partition, into: &writer) }
            response.endTopic(into: &writer)
        }
        try response.end(
            throttleTimeMs: view.throttleTimeMs, nodeEndpoints: view.nodeEndpoints, into: &writer)
        return Reencoded(bytes: writer.bytes, trailing: view.trailingByteCount)
    }
}
