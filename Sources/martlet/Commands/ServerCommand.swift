import CommandLine
import Logging
import Runtime

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

    @Option(
        valueName: "HOST:PORT",
        help: """
            Where to listen; port 0 takes a free one. Without it, where the setting 'listeners' says. (default: all \
            addresses, port 9092)
            """)
    var listen: String?
    @Option(valueName: "HOST:PORT", help: "The address that clients are told to use, when it is another.")
    var advertise: String?
    @Option(valueName: "DIR", kind: .directory, help: "Where the data is kept. (default: ./data)")
    var data: String?
    @Option(valueName: "FILE", kind: .file, help: "A file of settings, KEY=VALUE a line, as Kafka's server.properties.")
    var config: String?
    @Option(name: .customLong("set"), valueName: "KEY=VALUE", help: "A setting, which goes before all others.")
    var settings: [KeyValueArgument]
    @Option(valueName: "LEVEL", help: "What is logged at least.")
    var logLevel: LogLevelArgument = .info
    @Option(valueName: "FORMAT", help: "The form of log lines.")
    var logFormat: LogFormatArgument = .text

    func validate() throws {
        for (option, address) in [("--listen", listen), ("--advertise", advertise)] {
            guard let address, HostPort(address) == nil else { continue }
            throw ValidationError(
                "\(option) \(address) is not HOST:PORT", hint: "For example \(option) localhost:9092.")
        }
    }

    func run() throws {
        LogSystem.shared.setLevel(logLevel.level)
        LogSystem.shared.setFormat(logFormat.format)
        try serve(
            ServerOptions(
                listen: listen, advertise: advertise, data: data, configurationFile: config,
                settings: settings.map { ($0.key, $0.value) }))
    }
}

enum LogLevelArgument: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error, critical

    var level: LogLevel { LogLevel(name: rawValue) ?? .info }
}

enum LogFormatArgument: String, CaseIterable, ExpressibleByArgument {
    case text, json

    var format: LogFormat { self == .text ? .text : .json }
}
