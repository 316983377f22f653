public import Bytes
import Collections
import KafkaProtocol

/// What happened to a group, in words, the newest last: kept in memory, bounded, gone after a restart.
public struct GroupExplanation: Sendable {
    public var group: String
    /// Nothing before it is remembered: when the coordinator began, in milliseconds since 1970.
    public var since: Int64
    public var type: String
    public var state: String
    public var generation: Int32
    public var events: [GroupEvent]
    /// Whom a rebalance that is under way waits for.
    public var awaited: [AwaitedMember] = []
    /// When it goes on without them, or with those who have come by then, in milliseconds since 1970; nil where it waits for
    /// each of them by itself.
    public var awaitedUntil: Int64?
}

/// A member as it is told to people.
public struct NotedMember: Sendable, Equatable {
    /// Empty where it was not given one yet.
    public var id: Name
    /// Of a static member.
    public var instanceID: Name?
    public var clientID: Name
    /// As Kafka shows it: a slash, then the address. Empty where it is not known.
    public var host: String

    public init(id: Name, instanceID: Name? = nil, clientID: Name = "", host: String = "") {
        self.id = id
        self.instanceID = instanceID
        self.clientID = clientID
        self.host = host
    }

    fileprivate var clipped: NotedMember {
        NotedMember(
            id: id.clipped(to: GroupEvent.textLimit), instanceID: instanceID?.clipped(to: GroupEvent.textLimit),
            clientID: clientID.clipped(to: GroupEvent.textLimit), host: host.clipped(to: GroupEvent.textLimit))
    }

    fileprivate var size: Int {
        id.text.utf8.count + (instanceID?.text.utf8.count ?? 0) + clientID.text.utf8.count + host.utf8.count
    }
}

/// A member that a rebalance waits for. Times are milliseconds since 1970.
public struct AwaitedMember: Sendable, Equatable {
    public var member: NotedMember
    /// What it has to do, in words: `to join again`.
    public var task: String
    /// Since when; nil where it is not known.
    public var since: Int64?
    /// When it is thrown out for not doing it; nil where that is not done as long as it says that it is alive.
    public var deadline: Int64?
    /// When it was last heard of; nil for one that has only an id yet.
    public var lastHeard: Int64?
    /// When it is thrown out unless it is heard of before.
    public var sessionEnd: Int64?
}

/// Something that has just happened to a group.
public struct GroupNews: Sendable {
    public var group: Name
    public var event: GroupEvent
    /// How many members the group has after it.
    public var members: Int
    /// Why a rebalance began that has ended now; nil where that is not remembered.
    public var cause: String?
}

/// One thing that happened to a group, perhaps several times.
public struct GroupEvent: Sendable, Equatable {
    /// Milliseconds since 1970; the last time where it happened several times.
    public var time: Int64
    /// The first time.
    public private(set) var firstTime: Int64
    /// How often it happened.
    public private(set) var count: Int32 = 1
    /// The generation, or group epoch, that it belongs to.
    public var generation: Int32
    public var kind: Kind
    /// The member that it is about, or that caused it; nil for the group itself.
    public var member: NotedMember?
    /// What led to it, in words.
    public var reason: String

    public enum Kind: String, Sendable {
        case joined, refused, left, evicted, fenced
        case rebalanceStarted = "rebalance started"
        case rebalanceEnded = "rebalance ended"
        case assigned
        case converted
        case deleted
    }

    public init(time: Int64, generation: Int32, kind: Kind, member: NotedMember? = nil, reason: String) {
        self.time = time
        firstTime = time
        self.generation = generation
        self.kind = kind
        self.member = member?.clipped
        self.reason = reason.clipped(to: GroupEvent.textLimit)
    }

    /// What clients say may be as long as a frame.
    static let textLimit = 512

    /// About what it takes to keep it.
    var cost: Int { 192 + (member?.size ?? 0) + reason.utf8.count }

    /// The same once more, after it happened before.
    fileprivate func repeated(after earlier: GroupEvent) -> GroupEvent {
        var event = self
        event.firstTime = earlier.firstTime
        event.count = earlier.count == .max ? .max : earlier.count + 1
        return event
    }
}

extension String {
    /// With an ellipsis for what is beyond so many bytes.
    fileprivate func clipped(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        return String(decoding: utf8.prefix(limit), as: UTF8.self) + "…"
    }
}

extension Name {
    fileprivate func clipped(to limit: Int) -> Name { Name(text.clipped(to: limit)) }
}

/// What is remembered of one group.
private struct GroupHistory {
    /// A request that was refused. Who is refused asks again, perhaps for hours: the same of the same client is one event.
    struct Refusal {
        let error: ErrorCode
        var event: GroupEvent

        func isLike(_ other: Refusal) -> Bool {
            guard let client = event.member, let otherClient = other.event.member else { return false }
            return error == other.error && client.clientID == otherClient.clientID && client.host == otherClient.host
                && client.instanceID == otherClient.instanceID
        }
    }

    private var events: Deque<GroupEvent> = []
    /// By themselves, so that however many are refused push nothing else out.
    private var refusals: [Refusal] = []
    private(set) var cost = 0

    mutating func note(_ event: GroupEvent) {
        events.append(event)
        cost += event.cost
        if events.count > GroupHistories.eventsPerGroup, let oldest = events.popFirst() { cost -= oldest.cost }
    }

    mutating func note(_ refusal: Refusal) {
        var refusal = refusal
        if let place = refusals.firstIndex(where: refusal.isLike) {
            let earlier = refusals.remove(at: place).event
            cost -= earlier.cost
            refusal.event = refusal.event.repeated(after: earlier)
        } else if refusals.count == GroupHistories.refusalsPerGroup {
            cost -= refusals.removeFirst().event.cost
        }
        refusals.append(refusal)
        cost += refusal.event.cost
    }

    func lastReason(for kind: GroupEvent.Kind) -> String? { events.last { $0.kind == kind }?.reason }

    /// All events, by when they happened last.
    var ordered: [GroupEvent] {
        var ordered: [GroupEvent] = []
        var rest = refusals[...]
        for event in events {
            while let refusal = rest.first, refusal.event.time < event.time {
                ordered.append(refusal.event)
                rest.removeFirst()
            }
            ordered.append(event)
        }
        return ordered + rest.map(\.event)
    }
}

/// The histories of all groups of a machine. The groups whose histories began first are forgotten first.
struct GroupHistories {
    static let eventsPerGroup = 64
    static let refusalsPerGroup = 16
    /// About what all of them may take together, in bytes.
    static let limit = 2 << 20

    /// Milliseconds since 1970.
    var since: Int64 = 0
    private var histories: [Name: GroupHistory] = [:]
    private var order: Deque<Name> = []
    private(set) var cost = 0

    func has(_ group: Name) -> Bool { histories[group] != nil }

    mutating func note(_ event: GroupEvent, of group: Name) { change(group) { $0.note(event) } }

    /// Remembers that a request was refused, why and how often.
    mutating func note(_ refusal: GroupEvent, _ error: ErrorCode, of group: Name) {
        change(group) { $0.note(GroupHistory.Refusal(error: error, event: refusal)) }
    }

    func events(of group: Name) -> [GroupEvent] { histories[group]?.ordered ?? [] }

    /// The reason of the group's last event of a kind.
    func lastReason(for kind: GroupEvent.Kind, of group: Name) -> String? {
        histories[group]?.lastReason(for: kind)
    }

    private mutating func change(_ group: Name, _ change: (inout GroupHistory) -> Void) {
        if histories[group] == nil {
            order.append(group)
            cost += group.text.utf8.count
        }
        let before = histories[group]?.cost ?? 0
        change(&histories[group, default: GroupHistory()])
        cost += (histories[group]?.cost ?? 0) - before
        while cost > GroupHistories.limit, order.count > 1, let oldest = order.popFirst() { forget(oldest) }
    }

    private mutating func forget(_ group: Name) {
        guard let forgotten = histories.removeValue(forKey: group) else { return }
        cost -= group.text.utf8.count + forgotten.cost
    }
}

/// A number of things, for people to read: `1 member`, `2 members`.
func counted(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }
