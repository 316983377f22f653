import Bytes
import KafkaClientCore

/// Where a group's offsets are to go.
enum OffsetTarget: Equatable {
    case earliest
    case latest
    /// Where the group is; the end where it has no offset yet.
    case current
    case offset(Int64)
    /// So many records from where the group is, back where the number is below 0.
    case shift(Int64)
    /// The first record of that time or later, in milliseconds since 1970.
    case time(Int64)
    /// As a file says.
    case listed([TopicPartition: Int64])
}

/// What is known of a partition before a group's offset in it is moved.
struct OffsetBounds: Equatable {
    let committed: Int64?
    let earliest: Int64
    let latest: Int64
    /// What was found for a time.
    var atTime: Int64?
}

/// Why an offset cannot be moved as asked for.
enum OffsetPlanError: Error, Equatable, CustomStringConvertible {
    case nothingToShift(TopicPartition)

    var description: String {
        switch self {
        case .nothingToShift(let partition): "there is no offset in \(partition) that could be shifted"
        }
    }
}

/// How a group's offset in one partition moves.
struct OffsetMove: Equatable {
    let partition: TopicPartition
    let from: Int64?
    let to: Int64
    /// What was asked for, where the log ends before that or starts behind it; `to` is the nearer end then.
    var wanted: Int64?

    /// Says so.
    var note: String? {
        wanted.map { "\($0) is \($0 < to ? "before the start" : "past the end") of the log" }
    }
}

extension OffsetTarget {
    /// Where the offset of a partition goes. What lies outside of the log is brought to its nearer end.
    func destination(_ partition: TopicPartition, _ bounds: OffsetBounds) throws(OffsetPlanError) -> Int64 {
        let wanted = try wanted(partition, bounds)
        return self == .current ? wanted : bounds.clamp(wanted)
    }

    private func wanted(_ partition: TopicPartition, _ bounds: OffsetBounds) throws(OffsetPlanError) -> Int64 {
        switch self {
        case .earliest: return bounds.earliest
        case .latest: return bounds.latest
        case .current: return bounds.committed ?? bounds.latest
        case .offset(let offset): return offset
        case .shift(let distance):
            guard let committed = bounds.committed else { throw .nothingToShift(partition) }
            let (sum, overflow) = committed.addingReportingOverflow(distance)
            return overflow ? (distance < 0 ? .min : .max) : sum
        case .time: return bounds.atTime ?? bounds.latest
        case .listed(let offsets): return offsets[partition] ?? bounds.committed ?? bounds.latest
        }
    }

    /// The moves of several partitions, in order.
    func plan(_ bounds: [TopicPartition: OffsetBounds]) throws(OffsetPlanError) -> [OffsetMove] {
        var moves: [OffsetMove] = []
        for (partition, known) in bounds.sorted(by: { $0.key < $1.key }) {
            let (wanted, to) = (try wanted(partition, known), try destination(partition, known))
            moves.append(
                OffsetMove(
                    partition: partition, from: known.committed, to: to, wanted: wanted == to ? nil : wanted))
        }
        return moves
    }
}

extension OffsetBounds {
    fileprivate func clamp(_ offset: Int64) -> Int64 { min(max(offset, earliest), max(latest, earliest)) }
}
