import KafkaProtocol
import Metadata

/// Spreads a topic's replicas over the brokers: leaders take turns from a random start, and followers are shifted once
/// every round, so that the partitions of one leader do not all have the same followers. Racks are not looked at.
struct ReplicaPlacement {
    /// Brokers in use, in the order of their ids; they come first in every list.
    private let active: [Int32]
    /// Fenced brokers; they get replicas only when the others are too few.
    private let fenced: [Int32]

    init(_ brokers: some Sequence<BrokerImage>) {
        let brokers = brokers.sorted { $0.id < $1.id }
        active = brokers.filter { !$0.isFenced }.map(\.id)
        fenced = brokers.filter(\.isFenced).map(\.id)
    }

    /// The replicas of each partition, the preferred leader first.
    func place(
        partitions: Int, replicationFactor: Int, using generator: inout some RandomNumberGenerator
    ) throws(ControllerError) -> [[Int32]] {
        let failure = "Unable to replicate the partition \(replicationFactor) time(s): "
        guard !active.isEmpty else {
            throw ControllerError(.invalidReplicationFactor, failure + "All brokers are currently fenced.")
        }
        guard replicationFactor <= active.count + fenced.count else {
            throw ControllerError(
                .invalidReplicationFactor,
                failure + "The target replication factor of \(replicationFactor) cannot be reached because only "
                    + "\(active.count + fenced.count) broker(s) are registered.")
        }
        let start = Int.random(in: 0..<active.count, using: &generator)
        let shift = Int.random(in: 0..<active.count, using: &generator)
        return (0..<partitions).map { partition in
            replicas(
                of: replicationFactor, leaderAt: start + partition, shift: shift + partition / active.count)
        }
    }

    private func replicas(of count: Int, leaderAt leader: Int, shift: Int) -> [Int32] {
        var replicas = [active[leader % active.count]]
        let others = active.count - 1
        for follower in 0..<min(count - 1, others) {
            let distance = 1 + (shift + follower) % others
            replicas.append(active[(leader + distance) % active.count])
        }
        for index in 0..<(count - replicas.count) { replicas.append(fenced[(leader + index) % fenced.count]) }
        return replicas
    }
}
