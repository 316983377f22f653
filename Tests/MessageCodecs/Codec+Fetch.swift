import Bytes
import KafkaProtocol

extension Codec {
    static let fetchRequest = Codec(name: "FetchRequest") { bytes, version throws(DecodeError) in
        let view = try FetchRequestView(bytes, version: version)
        for topic in view.topics { for partition in topic.partitions { _ = partition.index } }
        for topic in view.forgottenTopics { for partition in topic.partitions { _ = partition.index } }
    } reencode: { bytes, version in
        let view = try FetchRequestView(bytes, version: version)
        var writer = ByteWriter()
        var request = try FetchRequestWriter(
            version: version, parameters: view.parameters, topicCount: view.topics.count, into: &writer)
        for topic in view.topics {
            try request.beginTopic(
                name: text(topic.name), topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
            for partition in topic.partitions { request.partition(partition, into: &writer) }
            request.endTopic(into: &writer)
        }
        try request.beginForgottenTopics(count: view.forgottenTopics.count, into: &writer)
        for topic in view.forgottenTopics {
            try request.forgottenTopic(
                name: text(topic.name), topicId: topic.topicId, partitions: topic.partitions.map(\.index),
                into: &writer)
        }
        try request.end(rackId: text(view.rackId), clusterId: view.clusterId.map(text), into: &writer)
        return Reencoded(bytes: writer.bytes, trailing: view.trailingByteCount)
    }

    static let fetchResponse = Codec(name: "FetchResponse") { bytes, version throws(DecodeError) in
        let view = try FetchResponseView(bytes, version: version)
        for topic in view.topics { for partition in topic.partitions { _ = partition.records } }
    } reencode: { bytes, version in
        let view = try FetchResponseView(bytes, version: version)
        var writer = ByteWriter()
        var response = FetchResponseWriter(
            version: version, errorCode: view.errorCode, sessionId: view.sessionId, topicCount: view.topics.count,
            into: &writer)
        for topic in view.topics {
            response.beginTopic(
                name: topic.name, topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
            for partition in topic.partitions {
                response.partition(partition.header, records: partition.records, into: &writer)
            }
            response.endTopic(into: &writer)
        }
        try response.end(nodeEndpoints: view.nodeEndpoints, into: &writer)
        response.setThrottleTime(view.throttleTimeMs, in: &writer)
        return Reencoded(bytes: writer.bytes, trailing: view.trailingByteCount)
    }
}
