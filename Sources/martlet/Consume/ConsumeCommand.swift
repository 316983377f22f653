import CommandLine
import KafkaClientCore
import Runtime

struct ConsumeCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "consume", abstract: "Read records and write them out",
            discussion: """
                Reads all partitions of a topic, or those named, from where --from says, and goes on as records arrive \
                until --count or --until-end is reached or it is interrupted. Records of one partition come in order; \
                those of several are mixed. Nothing is remembered: the next run starts where its --from says.

                Fields of --format: {topic} {partition} {offset} {timestamp} {time} {key} {value} {headers}; \\t and \
                \\n are a tab and a line end, {{ is a brace.
                """,
            examples: [
                Example("what arrives from now on", "martlet consume orders"),
                Example("all there is", "martlet consume orders --from beginning --until-end"),
                Example("the last ten of each partition", "martlet consume orders --from -10 --until-end"),
                Example(
                    "the last quarter of an hour, with keys", "martlet consume orders --from 15m --key-separator :"),
                Example(
                    "where each record stands",
                    "martlet consume orders --from beginning --format '{partition} {offset} {time} {key} {value}'"),
                Example("as JSON, a line each", "martlet consume orders --from 2026-11-25T20:45:00Z --json"),
            ], seeAlso: ["martlet produce", "martlet topic describe"])
    }

    @Argument(valueName: "TOPIC", help: "The topic to read.")
    var topic: String
    @Option(name: .long(short: "p"), valueName: "N", help: "A partition to read; all when none is given.")
    var partition: [Int32]
    @Option(
        name: .long(short: "f"), valueName: "START",
        help: """
            Where to start: beginning, end, an offset, -N for the last N, a time like 2026-11-25T20:45:56Z, or a \
            duration like 15m for that long ago.
            """)
    var from: StartArgument = .end
    @Flag(name: .long(short: "e"), help: "End when what was there at the start has been read.")
    var untilEnd = false
    @Option(name: .long(short: "n"), valueName: "N", help: "End after so many records.")
    var count: Int?
    @Flag(name: .long(short: "j"), help: "Write JSON objects, a line each.")
    var json = false
    @Flag(help: "Write values only, with nothing between them.")
    var raw = false
    @Option(valueName: "TEMPLATE", help: "Write each record in this form; see above.")
    var format: OutputTemplate?
    @Option(name: .long(short: "K"), valueName: "TEXT", help: "Write the key and this text in front of each value.")
    var keySeparator: EscapedText?
    @Option(valueName: "TEXT", help: "What is written for a key or value that is null.")
    var null = ""
    @Flag(help: "Leave out records of transactions that are not committed.")
    var readCommitted = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        let forms = [json, raw, format != nil, keySeparator != nil].filter { $0 }.count
        guard forms <= 1 else {
            throw ValidationError("--json, --raw, --format and --key-separator exclude each other")
        }
        if let count, count < 1 { throw ValidationError("--count must be at least 1") }
        if let negative = partition.first(where: { $0 < 0 }) {
            throw ValidationError("--partition \(negative) must be 0 or more")
        }
        if from == .end, untilEnd {
            throw ValidationError(
                "--until-end with --from end reads nothing", hint: "Add --from beginning, an offset or a time.")
        }
    }

    func run() throws {
        try ClientSession.run(connection) { session in
            let run = ConsumeRun(
                session: session, topic: topic, partitions: partition, from: from, untilEnd: untilEnd, limit: count,
                output: RecordOutput(format: outputFormat, null: Array(null.utf8), write: session.write),
                configuration: configuration)
            run.start()
        }
    }

    private var outputFormat: OutputFormat {
        if json { return .json }
        if raw { return .raw }
        if let format { return .template(format) }
        return .text(keySeparator: keySeparator?.bytes)
    }

    private var configuration: ConsumerConfiguration {
        var configuration = ConsumerConfiguration()
        configuration.isolationLevel = readCommitted ? .readCommitted : .readUncommitted
        return configuration
    }
}
