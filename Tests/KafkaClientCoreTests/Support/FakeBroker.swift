import Bytes
import KafkaClientCore
import KafkaProtocol
import KafkaProtocolMore
import Records
import Runtime

/// A broker that keeps its logs in memory and misbehaves when told to.
final class FakeBroker {
    /// What happens to a request.
    enum Fault {
        /// The connection breaks before the request is done.
        case dropBefore
        /// The request is done, and the connection breaks before the answer leaves.
        case dropAfter
        /// Produce and Fetch: every partition is answered with this code, and nothing is done.
        case error(ErrorCode)
        /// Nobody answers.
        case silence
    }

    struct Log {
        var id: UUID
        var batches: [[UInt8]] = []
        var startOffset: Int64 = 0
        var endOffset: Int64 = 0
        var aborted: [FetchResponsePartition.AbortedTransaction] = []
        var producers: [Int64: ProducerHistory] = [:]
    }

    struct ProducerHistory {
        var epoch: Int16
        var recent: [(first: Int32, last: Int32, offset: Int64)]
    }

    let endpoint: BrokerEndpoint
    var isUp = true
    var links: [ScriptedLink] = []
    var logs: [TopicPartition: Log] = [:]
    /// The highest version of ApiVersions that it knows.
    var apiVersionsLimit: Int16 = 4
    /// Chooses a fault for a request; nil is none.
    var fault: (ApiKey) -> Fault? = { _ in nil }
    /// Where Metadata says that partitions are led; by default here.
    var leaders: [TopicPartition: (node: Int32, epoch: Int32)] = [:]
    var otherNodes: [Int32: BrokerEndpoint] = [:]
    /// Requests as they came, but for ApiVersions.
    private(set) var received: [(key: ApiKey, version: Int16)] = []
    private var nextProducerId: Int64 = 1_000

    init(port: UInt16 = 9092) { endpoint = BrokerEndpoint(host: "fake", port: port) }

    func createTopic(_ name: String, partitions: Int32 = 1) {
        for index in 0..<partitions {
            logs[TopicPartition(topic: name, partition: index)] = Log(id: UUID(high: 7, low: UInt64(name.utf8.count)))
        }
    }

    func receive(_ frame: [UInt8], _ link: ScriptedLink) {
        frame.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            do {
                let header = try RequestHeader(from: &cursor)
                try answer(header, cursor.rest, link)
            } catch {
                preconditionFailure("the client sent what is no request: \(error)")
            }
        }
    }

    private func answer(_ header: RequestHeader, _ body: UnsafeRawBufferPointer, _ link: ScriptedLink) throws {
        guard let key = header.apiKey else { preconditionFailure("the client sent an unknown request") }
        let version = header.requestApiVersion
        if key != .apiVersions { received.append((key, version)) }
        let fault = fault(key)
        if case .dropBefore? = fault { return link.drop("reset") }
        if case .silence? = fault { return }
        var writer = ByteWriter()
        let responseHeader = ResponseHeader(correlationId: header.correlationId)
        responseHeader.encode(into: &writer, headerVersion: key.responseHeaderVersion(version))
        var code = ErrorCode.none
        if case .error(let error)? = fault { code = error }
        let reply = try write(key, version, body, code, into: &writer)
        if case .dropAfter? = fault { return link.drop("reset") }
        switch reply {
        case .none: break
        case .now: link.answer(writer.bytes)
        case .later(let wait): link.answer(writer.bytes, after: wait)
        }
    }

    /// When a request is answered.
    enum Reply {
        case now
        case later(Interval)
        case none
    }

    private func write(
        _ key: ApiKey, _ version: Int16, _ body: UnsafeRawBufferPointer, _ code: ErrorCode,
        into writer: inout ByteWriter
    ) throws -> Reply {
        var cursor = ByteCursor(body)
        switch key {
        case .apiVersions: try writeVersions(version, into: &writer)
        case .metadata:
            try metadata(try MetadataRequest(from: &cursor, version: version)).encode(into: &writer, version: version)
        case .initProducerId:
            var response = InitProducerIdResponse()
            response.errorCode = code.rawValue
            response.producerId = nextProducerId
            response.producerEpoch = 0
            nextProducerId += 1
            try response.encode(into: &writer, version: version)
        case .listOffsets:
            let request = try ListOffsetsRequest(from: &cursor, version: version)
            try offsets(request, code).encode(into: &writer, version: version)
        case .produce: return try produce(try ProduceRequestView(body, version: version), code, into: &writer)
        case .fetch: return try fetch(try FetchRequestView(body, version: version), code, into: &writer)
        default: preconditionFailure("the fake broker has no \(key)")
        }
        return .now
    }

    private func writeVersions(_ version: Int16, into writer: inout ByteWriter) throws {
        var response = ApiVersionsResponse()
        if version > apiVersionsLimit {
            var range = ApiVersionsResponse.ApiVersion()
            (range.apiKey, range.minVersion, range.maxVersion) = (ApiKey.apiVersions.rawValue, 0, apiVersionsLimit)
            response.errorCode = ErrorCode.unsupportedVersion.rawValue
            response.apiKeys = [range]
            return try response.encode(into: &writer, version: 0)
        }
        response.apiKeys = ApiVersionTable.all.map { row in
            var range = ApiVersionsResponse.ApiVersion()
            range.apiKey = row.key.rawValue
            range.minVersion = row.advertisedVersions.lowerBound
            range.maxVersion = row.advertisedVersions.upperBound
            return range
        }
        try response.encode(into: &writer, version: version)
    }

    private func metadata(_ request: MetadataRequest) -> MetadataResponse {
        var response = MetadataResponse()
        response.controllerId = 1
        for (node, endpoint) in [(Int32(1), endpoint)] + otherNodes.map({ ($0.key, $0.value) }) {
            var broker = MetadataResponse.MetadataResponseBroker()
            (broker.nodeId, broker.host, broker.port) = (node, endpoint.host, Int32(endpoint.port))
            response.brokers.append(broker)
        }
        let names = request.topics?.compactMap(\.name) ?? Set(logs.keys.map(\.topic)).sorted()
        response.topics = names.map(describe)
        return response
    }

    private func describe(_ name: String) -> MetadataResponse.MetadataResponseTopic {
        var topic = MetadataResponse.MetadataResponseTopic()
        topic.name = name
        let members = logs.filter { $0.key.topic == name }
        topic.errorCode = members.isEmpty ? ErrorCode.unknownTopicOrPartition.rawValue : 0
        topic.topicId = members.first?.value.id ?? .zero
        topic.partitions = members.keys.sorted().map { key in
            var partition = MetadataResponse.MetadataResponsePartition()
            partition.partitionIndex = key.partition
            (partition.leaderId, partition.leaderEpoch) = leaders[key] ?? (1, 0)
            return partition
        }
        return topic
    }

    private func offsets(_ request: ListOffsetsRequest, _ code: ErrorCode) -> ListOffsetsResponse {
        var response = ListOffsetsResponse()
        response.topics = request.topics.map { asked in
            var topic = ListOffsetsResponse.ListOffsetsTopicResponse()
            topic.name = asked.name
            topic.partitions = asked.partitions.map { asked in
                var answer = ListOffsetsResponse.ListOffsetsPartitionResponse()
                answer.partitionIndex = asked.partitionIndex
                answer.errorCode = code.rawValue
                let log = logs[TopicPartition(topic: topic.name, partition: asked.partitionIndex)]
                answer.offset = offset(asked.timestamp, in: log)
                return answer
            }
            return topic
        }
        return response
    }

    private func offset(_ timestamp: Int64, in log: Log?) -> Int64 {
        switch timestamp {
        case -1: log?.endOffset ?? -1
        case -2: log?.startOffset ?? -1
        default: headers(log).first { $0.maxTimestamp >= timestamp }?.baseOffset ?? -1
        }
    }

    private func headers(_ log: Log?) -> [RecordBatchHeader] {
        (log?.batches ?? []).compactMap { batch in batch.withUnsafeBytes { try? RecordBatchHeader($0) } }
    }

    func topicName(_ name: UnsafeRawBufferPointer, _ id: UUID) -> String {
        name.isEmpty ? logs.first { $0.value.id == id }?.key.topic ?? "" : String(decoding: name, as: UTF8.self)
    }
}
