import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

/// What a cluster's brokers can do, by a name such as `metadata.version`.
public struct ClusterFeature: Sendable, Equatable {
    public let name: String
    /// What the cluster has agreed on; nil where the feature is off.
    public let level: Int16?
    /// What the broker that was asked can do; nil where it does not know the feature.
    public let supported: ClosedRange<Int16>?
}

/// A directory of a broker's partitions.
public struct DescribedLogDirectory: Sendable {
    public let path: String
    /// Why it is out of use; nil while it works.
    public let error: ErrorCode?
    public let partitionCount: Int
    /// Those of them that are on their way here from another directory.
    public let arrivingCount: Int
    /// Bytes that the partitions take.
    public let size: Int64
    /// Bytes of the file system that holds the directory, and those left; nil from brokers that do not tell.
    public let space: (total: Int64, usable: Int64)?
}

/// What the clock of a cluster's controller showed.
public struct ControllerTime: Sendable, Equatable {
    public let controller: Int32
    /// Milliseconds since 1970.
    public let time: Int64
}

extension Client {
    /// Asks for the time on the controller's clock, at some moment between question and answer; nil from brokers that do
    /// not tell (before Kafka 3.3).
    public func controllerTime(completion: @escaping (Result<ControllerTime?, ClientError>) -> Void) {
        var partition = DescribeQuorumRequest.PartitionData()
        partition.partitionIndex = 0
        var topic = DescribeQuorumRequest.TopicData()
        topic.topicName = "__cluster_metadata"
        topic.partitions = [partition]
        var request = DescribeQuorumRequest()
        request.topics = [topic]
        send(request, refusal: { ErrorCode(rawValue: $0.errorCode) }) { result in
            completion(
                result.map { response in
                    guard let row = response.topics.first?.partitions.first, row.errorCode == 0 else { return nil }
                    // The leader is caught up with itself when it answers.
                    let leader = row.currentVoters.first { $0.replicaId == row.leaderId }
                    guard let leader, leader.lastCaughtUpTimestamp > 0 else { return nil }
                    return ControllerTime(controller: row.leaderId, time: leader.lastCaughtUpTimestamp)
                })
        }
    }

    /// Asks a broker for features, sorted by name; there are none from brokers that do not tell.
    public func describeFeatures(completion: @escaping (Result<[ClusterFeature], ClientError>) -> Void) {
        var request = ApiVersionsRequest()
        request.clientSoftwareName = "martlet"
        request.clientSoftwareVersion = "1"
        send(request, refusal: { ErrorCode(rawValue: $0.errorCode) }) { result in
            completion(
                result.flatMap { response -> Result<[ClusterFeature], ClientError> in
                    guard response.errorCode == 0 else {
                        return .failure(ClientError(response.errorCode, doing: "asking for features"))
                    }
                    return .success(ClusterFeature.all(in: response))
                })
        }
    }

    /// Describes the log directories of one broker.
    public func describeLogDirectories(
        of broker: Int32, completion: @escaping (Result<[DescribedLogDirectory], ClientError>) -> Void
    ) {
        var request = DescribeLogDirsRequest()
        request.topics = nil
        send(request, to: .node(broker), refusal: { ErrorCode(rawValue: $0.errorCode) }) { result in
            completion(
                result.flatMap { response -> Result<[DescribedLogDirectory], ClientError> in
                    guard response.errorCode == 0 else {
                        let what = "describing the log directories of broker \(broker)"
                        return .failure(ClientError(response.errorCode, doing: what))
                    }
                    return .success(response.results.map(DescribedLogDirectory.init))
                })
        }
    }
}

extension ClusterFeature {
    fileprivate static func all(in response: ApiVersionsResponse) -> [ClusterFeature] {
        let levels = Dictionary(
            response.finalizedFeatures.map { ($0.name, $0.maxVersionLevel) }, uniquingKeysWith: { first, _ in first })
        let supported = Dictionary(
            response.supportedFeatures.compactMap { feature in
                feature.minVersion <= feature.maxVersion ? (feature.name, feature.minVersion...feature.maxVersion) : nil
            }, uniquingKeysWith: { first, _ in first })
        return Set(levels.keys).union(supported.keys).sorted().map {
            ClusterFeature(name: $0, level: levels[$0], supported: supported[$0])
        }
    }
}

extension DescribedLogDirectory {
    fileprivate init(_ result: DescribeLogDirsResponse.DescribeLogDirsResult) {
        path = result.logDir
        error = result.errorCode == 0 ? nil : ErrorCode(rawValue: result.errorCode)
        let partitions = result.topics.flatMap(\.partitions)
        partitionCount = partitions.count
        arrivingCount = partitions.count { $0.isFutureKey }
        size = partitions.reduce(0) { $0 &+ $1.partitionSize }
        space = result.totalBytes >= 0 ? (result.totalBytes, result.usableBytes) : nil
    }
}
