import Bytes

/// Who holds a partition and who leads it.
public struct PartitionState: Sendable, Equatable {
    /// In order of preference.
    public var replicas: [Int32]
    /// The directory of each replica, in the order of `replicas`; zero when not assigned yet.
    public var directories: [UUID]
    public var inSyncReplicas: [Int32]
    /// -1: nobody.
    public var leader: Int32
    /// Rises with every change of leader, and with every start of the leader.
    public var leaderEpoch: Int32
    /// Rises with every change of this state.
    public var partitionEpoch: Int32

    public init(
        replicas: [Int32], directories: [UUID], inSyncReplicas: [Int32], leader: Int32, leaderEpoch: Int32 = 0,
        partitionEpoch: Int32 = 0
    ) {
        self.replicas = replicas
        self.directories = directories
        self.inSyncReplicas = inSyncReplicas
        self.leader = leader
        self.leaderEpoch = leaderEpoch
        self.partitionEpoch = partitionEpoch
    }
}
