import Bytes
import KafkaProtocol
import Metadata

/// Replicas that a request names for one partition, checked against the brokers that there are.
struct ReplicaAssignment {
    let brokerIds: [Int32]
    private let image: ClusterImage

    /// - Parameters:
    ///   - width: how many replicas the topic's other partitions have; nil when there are none.
    init(_ brokerIds: [Int32], width: Int?, _ image: ClusterImage) throws(ControllerError) {
        func refuse(_ reason: String) -> ControllerError {
            ControllerError(.invalidReplicaAssignment, "The manual partition assignment includes \(reason)")
        }
        if brokerIds.isEmpty { throw refuse("an empty replica list.") }
        var seen: Set<Int32> = []
        for id in brokerIds.sorted() {
            if image.brokers[id] == nil { throw refuse("broker \(id), but no such broker is registered.") }
            if !seen.insert(id).inserted { throw refuse("the broker \(id) more than once.") }
        }
        if let width, width != brokerIds.count {
            throw refuse(
                "a partition with \(brokerIds.count) replica(s), but this is not consistent with previous "
                    + "partitions, which have \(width) replica(s).")
        }
        self.brokerIds = brokerIds
        self.image = image
    }

    /// - Throws: when no broker could lead the partition.
    func checkLeader(of partition: Int32) throws(ControllerError) {
        guard !brokerIds.contains(where: image.isActive) else { return }
        throw ControllerError(
            .invalidReplicaAssignment,
            "All brokers specified in the manual partition assignment for partition \(partition) are fenced or in "
                + "controlled shutdown.")
    }
}

extension ClusterImage {
    func isActive(_ brokerId: Int32) -> Bool { brokers[brokerId]?.isFenced == false }

    /// The first state of a new partition.
    func newPartition(_ replicas: [Int32]) -> PartitionState {
        let inSync = replicas.filter(isActive)
        return PartitionState(
            replicas: replicas, directories: replicas.map(directory), inSyncReplicas: inSync,
            leader: inSync.first ?? -1)
    }

    /// The directory of a broker that has only one; which of several is the broker's choice.
    private func directory(of brokerId: Int32) -> UUID {
        guard let directories = brokers[brokerId]?.registration.logDirectories, directories.count == 1 else {
            return .zero
        }
        return directories[0]
    }
}
