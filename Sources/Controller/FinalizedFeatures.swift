import Configuration
import Metadata

/// The cluster-wide levels that a new cluster begins with. A feature joins when what it stands for is served.
public enum FinalizedFeatures {
    public static let initial: [(name: String, level: Int16)] = [
        ("metadata.version", 30), ("kraft.version", 1), ("eligible.leader.replicas.version", 1),
    ]

    /// What this version can work with, for a broker's registration and for ApiVersions.
    public static let supported: [SupportedFeature] = [
        SupportedFeature(name: "metadata.version", minimum: 7, maximum: 30),
        SupportedFeature(name: "kraft.version", minimum: 0, maximum: 1),
        SupportedFeature(name: "eligible.leader.replicas.version", minimum: 0, maximum: 1),
    ]
}

extension Controller {
    /// The first records of a new cluster; empty when it has some.
    ///
    /// With eligible leader replicas, min.insync.replicas must be one for all brokers, so what this broker was given
    /// becomes the cluster's, as in Kafka.
    public func bootstrap() -> ControllerResult<Void> {
        guard image.features.isEmpty else { return ControllerResult(reply: ()) }
        var records = FinalizedFeatures.initial.map { feature in
            MetadataRecord.featureLevel(FeatureLevelRecord(name: feature.name, level: feature.level))
        }
        let key = TopicKey.minInSyncReplicas
        records.append(
            .configuration(
                ConfigurationRecord(
                    resource: .allBrokers, key: key.name, value: topicSettings.effective(key).text)))
        return ControllerResult(records: records, reply: ())
    }
}
