import Configuration
import Metadata

/// The cluster-wide levels that a new cluster begins with. A feature joins when what it stands for is served.
public enum FinalizedFeatures {
    static let metadataVersion = "metadata.version"
    static let kraftVersion = "kraft.version"
    static let eligibleLeaderReplicas = "eligible.leader.replicas.version"
    static let group = "group.version"

    public static let initial: [(name: String, level: Int16)] = [
        (metadataVersion, 30), (kraftVersion, 1), (eligibleLeaderReplicas, 1), (group, 1),
    ]

    /// What this version can work with, for a broker's registration and for ApiVersions.
    public static let supported: [SupportedFeature] = [
        SupportedFeature(name: metadataVersion, minimum: 7, maximum: 30),
        SupportedFeature(name: kraftVersion, minimum: 0, maximum: 1),
        SupportedFeature(name: eligibleLeaderReplicas, minimum: 0, maximum: 1),
        SupportedFeature(name: group, minimum: 0, maximum: 1),
    ]
}

extension Controller {
    /// The first records of a new cluster; empty when it has some.
    ///
    /// With eligible leader replicas, min.insync.replicas must be one for all brokers, so what this broker was given
    /// becomes the cluster's, as in Kafka.
    public func bootstrap() -> ControllerResult<Void> {
        guard image.features.isEmpty else { return ControllerResult(reply: ()) }
        let records = FinalizedFeatures.initial.map { feature in
            MetadataRecord.featureLevel(FeatureLevelRecord(name: feature.name, level: feature.level))
        }
        return ControllerResult(records: records + oneMinInSyncReplicas(), reply: ())
    }
}
