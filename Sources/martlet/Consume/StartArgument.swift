import CommandLine
import KafkaClientCore

/// Where to start reading, as typed.
enum StartArgument: ExpressibleByArgument, Equatable {
    case beginning
    case end
    case offset(Int64)
    /// So many records before the end of each partition.
    case last(Int64)
    /// Milliseconds since 1970.
    case time(Int64)
    /// Milliseconds before now.
    case ago(Int64)

    init(argument: String) throws(InvalidArgument) {
        if let number = Int64(argument), number != .min {
            self = argument.hasPrefix("-") ? .last(-number) : .offset(number)
        } else if let time = Instant.milliseconds(argument), time >= 0 {
            self = .time(time)
        } else if let duration = Instant.duration(argument) {
            self = .ago(duration)
        } else {
            switch argument {
            case "beginning", "earliest", "start": self = .beginning
            case "end", "latest": self = .end
            default:
                throw InvalidArgument(
                    "must be beginning, end, an offset, -N for the last N, a time like 2026-11-25T20:45:56Z, or a "
                        + "duration like 15m for that long ago")
            }
        }
    }

    var argumentText: String {
        switch self {
        case .beginning: "beginning"
        case .end: "end"
        case .offset(let offset): "\(offset)"
        case .last(let count): "-\(count)"
        case .time(let milliseconds): Instant.text(milliseconds)
        case .ago(let milliseconds): "\(milliseconds / 1_000)s"
        }
    }

    /// What to look up at the brokers; of `last` it is the end.
    func position(nowMs: Int64) -> StartPosition {
        switch self {
        case .beginning: .earliest
        case .end, .last: .latest
        case .offset(let offset): .offset(offset)
        case .time(let milliseconds): .timestamp(milliseconds)
        case .ago(let milliseconds): .timestamp(max(0, nowMs - milliseconds))
        }
    }
}
