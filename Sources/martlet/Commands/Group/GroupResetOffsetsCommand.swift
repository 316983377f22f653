import Bytes
import CommandLine
import KafkaClientCore
import Runtime

struct GroupResetOffsetsCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "reset-offsets", abstract: "Move the offsets of a group that nobody is in",
            discussion: """
                Shows what would be set, and sets it with --execute only. Offsets outside of a partition's log are \
                brought to its nearer end, and that is said. A group that is not there yet is made. Members would commit over what is \
                set, so all of them have to be stopped first.
                """,
            examples: [
                Example(
                    "what reading a topic again would mean",
                    "martlet group reset-offsets billing --topic orders --to-earliest"),
                Example("do it", "martlet group reset-offsets billing --topic orders --to-earliest --execute"),
                Example(
                    "ten records back in two partitions",
                    "martlet group reset-offsets billing --topic orders:0,3 --shift-by -10 --execute"),
                Example(
                    "everything to where it was two hours ago",
                    "martlet group reset-offsets billing --all-topics --by-duration 2h --execute"),
                Example(
                    "keep where it is now in a file",
                    "martlet group reset-offsets billing --all-topics --to-current --export billing.csv"),
                Example(
                    "and go back to it",
                    "martlet group reset-offsets billing --from-file billing.csv --execute"),
            ], seeAlso: ["martlet group describe", "martlet group delete-offsets"])
    }

    @Argument(valueName: "GROUP", help: "The name of the group.")
    var group: String
    @Option(name: .long(short: "t"), valueName: "TOPIC[:N,…]", help: "A topic, or some partitions of it.")
    var topic: [PartitionsArgument]
    @Flag(help: "In all partitions that the group has an offset of.")
    var allTopics = false
    @OptionGroup(title: "Where to") var target: OffsetTargetOptions
    @Flag(help: "Set the offsets, rather than show what would be set.")
    var execute = false
    @Flag(help: "Only show what would be set, as without --execute.")
    var dryRun = false
    @Option(
        valueName: "FILE", kind: .file,
        help: "Write the new offsets to a file, as kafka-consumer-groups does; - is the output stream.")
    var export: String?
    @Flag(help: "Write a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        if allTopics, !topic.isEmpty { throw ValidationError("--topic and --all-topics exclude each other") }
        if target.fromFile != nil {
            if allTopics || !topic.isEmpty { throw ValidationError("with --from-file the file says which partitions") }
        } else if !allTopics, topic.isEmpty {
            throw ValidationError("of which topics? give --topic or --all-topics")
        }
        if dryRun, execute { throw ValidationError("--dry-run and --execute exclude each other") }
        if json, export == "-" { throw ValidationError("--json and --export - exclude each other") }
    }

    func run() throws {
        let listed = try target.fromFile.map(readOffsets)
        try ClientSession.run(connection) { session in
            let reset = OffsetReset(
                session: session, group: group, topics: topic,
                target: listed.map(OffsetTarget.listed) ?? target.target(now: session.shard.wallClockMs) ?? .current,
                output: OffsetReset.Output(isJSON: json, export: export), executes: execute)
            reset.start()
        }
    }

    private func readOffsets(_ path: String) throws(UnreadableFile) -> [TopicPartition: Int64] {
        let text = try readText(path)
        do throws(OffsetFile.Problem) {
            return try OffsetFile.offsets(text, of: group)
        } catch {
            throw UnreadableFile(path: path, reason: "\(error)")
        }
    }
}
