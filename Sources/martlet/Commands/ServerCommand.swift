import CommandLine
import Logging

struct ServerCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "server", abstract: "Start a broker",
            discussion: """
                Settings come from --set, then the environment (MARTLET_LOG_RETENTION_MS for log.retention.ms), then \
                the file of --config, then the defaults; their names are Kafka's. The line 'martlet ready on \
                HOST:PORT' on the output stream says that clients can connect; logs go to the error stream. SIGTERM \
                stops the broker cleanly.
                """,
            examples: [
                Example("on this machine only", "martlet server --listen localhost:9092 --data ./data"),
                Example(
                    "for others, who reach it by its name",
                    "martlet server --listen 0.0.0.0:9092 --advertise broker-1:9092 --data /var/lib/martlet"),
                Example(
                    "keep records for a day",
                    "martlet server --listen localhost:9092 --data ./data --set log.retention.hours=24"),
            ],
            seeAlso: ["martlet topic create", "martlet produce", "martlet consume"])
    }

    @OptionGroup var broker: BrokerOptions
    @Option(valueName: "LEVEL", help: "What is logged at least.")
    var logLevel: LogLevelArgument = .info
    @Option(valueName: "FORMAT", help: "The form of log lines.")
    var logFormat: LogFormatArgument = .text

    func run() throws {
        LogSystem.shared.setLevel(logLevel.level)
        LogSystem.shared.setFormat(logFormat.format)
        try serve(broker)
    }
}

/// A log level by one of its names, in any case; Kafka's are among them.
struct LogLevelArgument: ExpressibleByArgument {
    static let info = LogLevelArgument(level: .info)
    static var valueKind: ValueKind { .choice(LogLevel.allCases.map(\.name)) }

    let level: LogLevel
    var argumentText: String { level.name }

    /// The name that Kafka has for it, or for the one below where it has none.
    var kafkaName: String {
        switch level {
        case .trace, .debug, .info, .error: level.name.uppercased()
        case .notice: "INFO"
        case .warning: "WARN"
        case .critical: "FATAL"
        }
    }

    private init(level: LogLevel) { self.level = level }

    init(argument: String) throws(InvalidArgument) {
        guard let level = LogLevel(name: argument) else {
            throw InvalidArgument("must be one of \(LogLevel.allCases.map(\.name).joined(separator: ", "))")
        }
        self.level = level
    }
}

enum LogFormatArgument: String, CaseIterable, ExpressibleByArgument {
    case text, json

    var format: LogFormat { self == .text ? .text : .json }
}
