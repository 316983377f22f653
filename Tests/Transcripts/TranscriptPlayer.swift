import Bytes
import Coordination
import KafkaProtocol

/// Plays one chapter: hands the inputs to a coordinator of its own, and gathers what comes of each.
///
/// The log is a list of records in bytes; whatever is written is committed at once, unless the story holds it. Time passes
/// from deadline to deadline.
struct TranscriptPlayer<Adapter: TranscriptAdapter> {
    /// What the clock on the wall shows at the beginning, in milliseconds since 1970.
    private static var firstMoment: Int64 { 1_000_000 }

    private var adapter: Adapter
    private var coordinator: Coordinator<Adapter.Machine>
    private let ids = TranscriptIDs()
    private var clock: Int64 = 0
    private var log: [(key: [UInt8], value: [UInt8]?)] = []
    private var isHolding = false
    private var held: [(version: StateVersion, records: [(key: [UInt8], value: [UInt8]?)])] = []
    private var tokens: UInt64 = 0
    private var waiting: [ReplyToken: TranscriptRequest] = [:]
    private var states: [String: String] = [:]
    private var outputs = TranscriptOutputs()

    init(_ adapter: Adapter) {
        self.adapter = adapter
        let ids = ids
        coordinator = Coordinator(adapter.makeMachine()) { ids.next() }
        coordinator.finishLoading(at: CoordinatorTime(clock: 0, wall: Self.firstMoment))
    }

    private var now: CoordinatorTime { CoordinatorTime(clock: clock, wall: Self.firstMoment + clock) }

    /// What comes of an input, a line each.
    mutating func play(_ input: String) throws -> [TranscriptOutput] {
        switch input {
        case "hold": isHolding = true
        case "commit": try endHold { player in try player.commitHeld() }
        case "fail": try endHold { player in player.failHeld() }
        case "restart": try restart()
        case _ where input.hasPrefix("+"): try pass(input.dropFirst())
        default: try ask(TranscriptIDs.full(input))
        }
        try settle()
        return outputs.take().map { output in
            var output = output
            output.text = TranscriptIDs.short(output.text)
            return output
        }
    }

    // MARK: Asking

    private mutating func ask(_ input: String) throws {
        let first = try TranscriptLine(input)
        for asker in try TranscriptPlayer.names(first.asker) {
            var line = try TranscriptLine(input, asker: asker)
            let command = try adapter.command(&line)
            try line.checkIsUsedUp()
            tokens += 1
            let token = ReplyToken(tokens)
            if let asker { waiting[token] = TranscriptRequest(asker: asker, verb: line.verb, states: states) }
            coordinator.handle(command, from: token, at: now)
            try settle()
        }
    }

    /// `c1...c20` are twenty askers.
    private static func names(_ text: String?) throws -> [String?] {
        guard let text, let dots = text.firstRange(of: "...") else { return [text] }
        let first = text[..<dots.lowerBound]
        let letters = first.prefix { !$0.isNumber }
        guard let from = Int(first.dropFirst(letters.count)),
            let to = Int(text[dots.upperBound...].dropFirst(letters.count)), from <= to
        else { throw TranscriptError("\(text) are no askers") }
        return (from...to).map { "\(letters)\($0)" }
    }

    // MARK: Time

    private mutating func pass(_ text: Substring) throws {
        let units: [Substring: Int64] = [
            "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "days": 86_400_000,
        ]
        let parts = text.split(separator: " ")
        guard parts.count == 2, let count = Int64(parts[0]), let unit = units[parts[1]] else {
            throw TranscriptError("+\(text) is no time")
        }
        let (begin, end) = (clock, clock + count * unit)
        while let next = coordinator.nextDeadline, next <= end {
            clock = max(clock, next)
            coordinator.wake(at: now)
            outputs.begin(after: clock - begin)
            try settle()
        }
        clock = end
    }

    // MARK: Writing

    private mutating func settle() throws {
        var hasMore = true
        while hasMore {
            hasMore = coordinator.hasRecords
            if hasMore { try write() }
            try answer()
        }
        follow()
    }

    private mutating func write() throws {
        let (version, records) = coordinator.takeRecords()
        for (key, value) in records {
            outputs.add(adapter.describe(try Adapter.Machine.Record.decode(key: key, value: value)))
        }
        held.append((version, records))
        if !isHolding { try commitHeld() }
    }

    private mutating func endHold(_ end: (inout TranscriptPlayer) throws -> Void) throws {
        guard isHolding else { throw TranscriptError("nothing is held") }
        isHolding = false
        try end(&self)
    }

    private mutating func commitHeld() throws {
        for (version, records) in held {
            log += records
            coordinator.committed(version, at: now)
        }
        held = []
    }

    private mutating func failHeld() {
        if let first = held.first { coordinator.failed(first.version, because: .notStored, at: now) }
        held = []
    }

    // MARK: Answers

    private mutating func answer() throws {
        for (token, outcome) in coordinator.takeAnswers() {
            guard let request = waiting.removeValue(forKey: token) else {
                throw TranscriptError("\(outcome) is an answer that nobody waits for")
            }
            switch outcome {
            case .success(let reply): outputs.add(adapter.describe(reply, to: request.asker), to: request)
            case .failure(let failure): outputs.add(TranscriptReply(failure.errorCode), to: request)
            }
        }
    }

    private mutating func follow() {
        let newest = adapter.states(of: coordinator.machine)
        for name in Set(states.keys).union(newest.keys).sorted() where states[name] != newest[name] {
            outputs.add("\(name.isEmpty ? "\"\"" : name) is \(newest[name] ?? "gone")")
        }
        states = newest
    }

    // MARK: Restart

    /// Another coordinator takes over with nothing but what is committed.
    private mutating func restart() throws {
        (isHolding, held) = (false, [])
        for (_, request) in waiting.sorted(by: { $0.key.number < $1.key.number }) {
            outputs.add("no answer to \(request.asker) \(request.verb)")
        }
        waiting = [:]
        let ids = ids
        coordinator = Coordinator(adapter.makeMachine()) { ids.next() }
        for (key, value) in log { coordinator.load(try .decode(key: key, value: value)) }
        coordinator.finishLoading(at: now)
    }
}

extension CoordinatorRecord {
    /// A record of a log that holds nothing else.
    public static func decode(key: [UInt8], value: [UInt8]?) throws -> Self {
        let record = try key.withUnsafeBytes { key in
            guard let value else { return try decode(key: ByteCursor(key), value: nil) }
            return try value.withUnsafeBytes { try decode(key: ByteCursor(key), value: ByteCursor($0)) }
        }
        guard let record else { throw TranscriptError("a record that was written is not known when it is read") }
        return record
    }
}
