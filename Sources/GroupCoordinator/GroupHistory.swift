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
        self.member = member
        self.reason = reason
    }
}

/// The histories of all groups of a machine. The groups that had nothing to tell for longest are forgotten first.
struct GroupHistories {
    static let eventsPerGroup = 64
    static let groupLimit = 1_000

    /// Milliseconds since 1970.
    var since: Int64 = 0
    private var events: [String: Deque<GroupEvent>] = [:]
    private var order: Deque<String> = []

    mutating func note(_ event: GroupEvent, of group: String) {
        if events[group] == nil {
            order.append(group)
            if order.count > GroupHistories.groupLimit, let oldest = order.popFirst() { events[oldest] = nil }
        }
        events[group, default: []].append(event)
        if let count = events[group]?.count, count > GroupHistories.eventsPerGroup {
            _ = events[group]?.popFirst()
        }
    }

    func events(of group: String) -> [GroupEvent] { events[group].map(Array.init) ?? [] }
}
