import Bytes
import Collections

/// What happened to a group, in words, the newest last: kept in memory, bounded, gone after a restart.
public struct GroupExplanation: Sendable {
    public var group: String
    /// Nothing before it is remembered: when the coordinator began, in milliseconds since 1970.
    public var since: Int64
    public var type: String
    public var state: String
    public var generation: Int32
    public var events: [GroupEvent]
}

/// One thing that happened to a group.
public struct GroupEvent: Sendable, Equatable {
    /// Milliseconds since 1970.
    public var time: Int64
    /// The generation, or group epoch, that it belongs to.
    public var generation: Int32
    public var kind: Kind
    /// The member that it is about; empty for the group itself.
    public var member: String
    /// What led to it, in words.
    public var reason: String

    public enum Kind: String, Sendable {
        case joined, left, evicted, fenced
        case rebalanceStarted = "rebalance started"
        case rebalanceEnded = "rebalance ended"
        case assigned
        case converted
        case deleted
    }

    public init(time: Int64, generation: Int32, kind: Kind, member: String = "", reason: String) {
        self.time = time
        self.generation = generation
        self.kind = kind
        self.member = member.clipped(to: GroupEvent.textLimit)
        self.reason = reason.clipped(to: GroupEvent.textLimit)
    }

    /// What clients say may be as long as a frame.
    static let textLimit = 512

    /// About what it takes to keep it.
    var cost: Int { 128 + member.utf8.count + reason.utf8.count }
}

extension String {
    /// With an ellipsis for what is beyond so many bytes.
    fileprivate func clipped(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        return String(decoding: utf8.prefix(limit), as: UTF8.self) + "…"
    }
}

/// The histories of all groups of a machine. The groups whose histories began first are forgotten first.
struct GroupHistories {
    static let eventsPerGroup = 64
    /// About what all of them may take together, in bytes.
    static let limit = 2 << 20

    /// Milliseconds since 1970.
    var since: Int64 = 0
    private var events: [Name: Deque<GroupEvent>] = [:]
    private var order: Deque<Name> = []
    private(set) var cost = 0

    mutating func note(_ event: GroupEvent, of group: Name) {
        if events[group] == nil {
            order.append(group)
            cost += group.text.utf8.count
        }
        events[group, default: []].append(event)
        cost += event.cost
        if let count = events[group]?.count, count > GroupHistories.eventsPerGroup,
            let oldest = events[group]?.popFirst()
        {
            cost -= oldest.cost
        }
        while cost > GroupHistories.limit, order.count > 1, let oldest = order.popFirst() { forget(oldest) }
    }

    private mutating func forget(_ group: Name) {
        guard let forgotten = events.removeValue(forKey: group) else { return }
        cost -= group.text.utf8.count + forgotten.reduce(0) { $0 + $1.cost }
    }

    func events(of group: Name) -> [GroupEvent] { events[group].map(Array.init) ?? [] }
}
