import Bytes
import Coordination
import KafkaProtocol

/// A machine that counts: hard state is a number by name, soft state who was asked to be told of the next change.
struct CounterMachine: CoordinatorMachine {
    typealias Reply = Int
    typealias Timer = String
    typealias Note = String

    enum Command {
        case add(String, Int)
        /// Adds 1 to each, in one decision.
        case addToAll([String])
        /// Adds 1 to each, in a decision each.
        case addToEach([String])
        case read(String)
        /// Adds 1 when the time has come.
        case addLater(String, wait: Int64)
        case addAndNote(String)
        /// Adds 1 at once and each time that this very moment has come, a hundred times in all.
        case addOnAndOn(String)
    }

    struct Record: CoordinatorRecord, Equatable {
        var name: String
        var value: Int

        func encode() -> (key: [UInt8], value: [UInt8]?) { (Array(name.utf8), [UInt8(value)]) }
        static func decode(key: ByteCursor, value: ByteCursor?) -> Record? { nil }
    }

    var counters = RevertibleDictionary<String, Int>()
    var notes: [String] = []
    private var isGoingOn = false

    mutating func handle(_ command: Command, from token: ReplyToken, _ effects: inout Effects<CounterMachine>) {
        switch command {
        case .add(let name, let amount):
            add(name, amount, &effects)
            effects.reply(token, counters[name] ?? 0)
        case .addToAll(let names):
            for name in names { add(name, 1, &effects) }
            effects.reply(token, names.count)
        case .addToEach(let names):
            for name in names {
                effects.separate()
                add(name, 1, &effects)
            }
            effects.reply(token, names.count)
        case .read(let name): effects.reply(token, counters[name] ?? 0)
        case .addLater(let name, let wait): effects.schedule(name, after: wait)
        case .addAndNote(let name):
            add(name, 1, &effects)
            effects.note(name)
        case .addOnAndOn(let name):
            isGoingOn = true
            effects.schedule(name, after: 0)
        }
    }

    private mutating func add(_ name: String, _ amount: Int, _ effects: inout Effects<CounterMachine>) {
        let record = Record(name: name, value: (counters[name] ?? 0) + amount)
        effects.write(record)
        apply(record, in: effects.version)
    }

    mutating func expired(_ timer: String, _ effects: inout Effects<CounterMachine>) {
        add(timer, 1, &effects)
        if isGoingOn, counters[timer] ?? 0 < 100 { effects.schedule(timer, after: 0) }
    }

    mutating func ended(_ note: String, failure: CoordinatorFailure?, _ effects: inout Effects<CounterMachine>) {
        notes.append("\(note) \(failure == nil ? "committed" : "failed") \(counters[note] ?? 0)")
    }

    mutating func apply(_ record: Record, in version: StateVersion) {
        counters.set(record.name, record.value, in: version)
    }

    mutating func loaded(_ effects: inout Effects<CounterMachine>) {}
    mutating func commit(upTo version: StateVersion) { counters.commit(upTo: version) }
    mutating func revert(to version: StateVersion) { counters.revert(to: version) }

    mutating func reverted(because failure: CoordinatorFailure, _ effects: inout Effects<CounterMachine>) {
        notes.append("reverted")
    }
}
