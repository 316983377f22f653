import Metadata

/// What the control plane knows when the metrics are asked for.
struct ClusterReport: Sendable {
    let image: ClusterImage
    let controllerEpoch: Int32
    /// Whether metadata can still be stored.
    let hasStoreFailed: Bool
    /// Of topics that do not say otherwise.
    let minimumInSyncReplicas: Int
}
