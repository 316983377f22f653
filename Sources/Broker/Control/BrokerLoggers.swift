import Configuration
import Controller
import KafkaProtocol
import KafkaProtocolMore
import Logging

/// The levels of this process's loggers under Kafka's names: `root` is the level of loggers that have none of their own.
struct BrokerLoggers {
    private static let root = "root"
    private static let levels: [(name: String, level: LogLevel)] = [
        ("DEBUG", .debug), ("ERROR", .error), ("FATAL", .critical), ("INFO", .info), ("TRACE", .trace),
        ("WARN", .warning),
    ]

    private let system: LogSystem

    init(_ system: LogSystem) { self.system = system }

    func describe() -> [SettingDescription] {
        ([(BrokerLoggers.root, system.level)] + system.levels).map { label, level in
            SettingDescription(logger: label, level: BrokerLoggers.name(of: level))
        }
    }

    private static func name(of level: LogLevel) -> String {
        levels.first { $0.level == level }?.name ?? "INFO"
    }

    /// Checks all changes, then makes them, but for `validateOnly`.
    func alter(
        _ changes: [IncrementalAlterConfigsRequest.AlterableConfig], validateOnly: Bool
    ) throws(ControllerError) {
        var made: [(label: String, level: LogLevel?)] = []
        for change in changes {
            switch change.configOperation {
            case 0: made.append((try label(change.name), try level(change.value ?? "", of: change.name)))
            case 1:
                guard change.name != BrokerLoggers.root else {
                    throw ControllerError(
                        .invalidRequest, "Removing the log level of the root logger is not allowed")
                }
                made.append((try label(change.name), nil))
            case 2, 3:
                let name = change.configOperation == 2 ? "APPEND" : "SUBTRACT"
                throw ControllerError(
                    .invalidRequest, "\(name) operation is not allowed for the BROKER_LOGGER resource")
            default: throw ControllerError(.invalidRequest, "Unknown operation type \(change.configOperation)")
            }
        }
        if validateOnly { return }
        for (label, level) in made {
            if label == BrokerLoggers.root, let level {
                system.setLevel(level)
            } else {
                system.setLevel(level, for: label)
            }
        }
    }

    private func label(_ name: String) throws(ControllerError) -> String {
        guard name == BrokerLoggers.root || system.levels.contains(where: { $0.label == name }) else {
            throw ControllerError(.invalidConfig, "Logger \(name) does not exist!")
        }
        return name
    }

    private func level(_ text: String, of name: String) throws(ControllerError) -> LogLevel {
        guard let level = BrokerLoggers.levels.first(where: { $0.name == text })?.level else {
            let names = BrokerLoggers.levels.map(\.name).joined(separator: ", ")
            throw ControllerError(
                .invalidConfig,
                "Cannot set the log level of \(name) to \(text) as it is not a supported log level. Valid log levels "
                    + "are \(names)")
        }
        return level
    }
}
