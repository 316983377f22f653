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

                With --group it reads as a member of a consumer group: the partitions are shared with the group's other \
                members, each goes on where the group has come to, and what was written out is remembered. Where the \
                group has not been yet --from says where to start.

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
                Example("share the work with others that do the same", "martlet consume orders --group billing"),
                Example(
                    "what the group has not seen yet, and no more",
                    "martlet consume orders --group billing --from beginning --until-end"),
            ], seeAlso: ["martlet produce", "martlet topic describe", "martlet group describe"])
    }

    @Argument(valueName: "TOPIC", help: "The topic to read.")
    var topic: String
    @Option(name: .long(short: "p"), valueName: "N", help: "A partition to read; all when none is given.")
    var partition: [Int32]
    @Option(name: .long(short: "g"), valueName: "GROUP", help: "Read as a member of this consumer group.")
    var group: String?
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
        if let group {
            if group.isEmpty { throw ValidationError("--group has no name") }
            if !partition.isEmpty { throw ValidationError("with --group the group says which partitions") }
            if case .last = from { throw ValidationError("--from -N and --group exclude each other") }
        }
        if from == .end, untilEnd, group == nil {
            throw ValidationError(
                "--until-end with --from end reads nothing", hint: "Add --from beginning, an offset or a time.")
        }
    }

    func run() throws {
        try ClientSession.run(connection, createsTopics: true) { session in
            let output = RecordOutput(format: outputFormat, null: Array(null.utf8), write: session.write)
            guard let group else {
                let run = ConsumeRun(
                    session: session, topic: topic, partitions: partition, from: from, untilEnd: untilEnd, limit: count,
                    output: output, configuration: configuration)
                return run.start()
            }
            var membership = GroupConsumerConfiguration(group: group, topics: [topic])
            membership.start = from.position(nowMs: session.shard.wallClockMs)
            membership.fetching = configuration
            let run = GroupConsumeRun(
                session: session, configuration: membership, untilEnd: untilEnd, limit: count, output: output)
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
