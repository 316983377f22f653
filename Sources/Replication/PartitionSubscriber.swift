/// Who wants to know when a partition has more to read, or is gone. Called on the partition's own shard.
public protocol PartitionSubscriber: AnyObject {
    /// Where it stands in the list that it is in, which is one at a time. Kept by that list alone.
    var subscriberPlace: Int { get set }
    /// The high watermark rose by `bytes` of batches, or (with 0) the log start moved.
    func partitionMoved(bytes: Int)
    /// The partition was closed; no further call comes.
    func partitionClosed()
}

/// Subscribers in no particular order. Joining and leaving cost the same however many there are.
public struct PartitionSubscribers {
    /// Those who are in here now; whoever is told something may leave meanwhile.
    public private(set) var members: [any PartitionSubscriber] = []

    public init() {}

    /// - Parameter subscriber: is in no list.
    public mutating func add(_ subscriber: any PartitionSubscriber) {
        subscriber.subscriberPlace = members.count
        members.append(subscriber)
    }

    /// Does nothing where the subscriber is not in here.
    public mutating func remove(_ subscriber: any PartitionSubscriber) {
        let place = subscriber.subscriberPlace
        guard members.indices.contains(place), members[place] === subscriber, let last = members.popLast() else {
            return
        }
        guard last !== subscriber else { return }
        members[place] = last
        last.subscriberPlace = place
    }

    public mutating func removeAll() { members.removeAll() }
}
