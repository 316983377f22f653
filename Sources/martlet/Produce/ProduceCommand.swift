import CommandLine
import KafkaClientCore
import Records
import Runtime

struct ProduceCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "produce", abstract: "Write records, a line of the input each",
            discussion: """
                Reads lines from the input stream until it ends and waits until all of them are written. Records \
                arrive once and in order, also when a broker fails meanwhile (unless --no-idempotent). When one cannot \
                be written, the command says why and ends with status 1. What may pass, as a disk that is full, is tried \
                again until --delivery-timeout; --timeout is how long to wait for the first answer of the cluster.

                A JSON line is an object with "value", and if wanted "key", "partition", "timestamp" and "headers", as \
                'martlet consume --json' writes it; for bytes that are no text "valueBase64" and "keyBase64". A value \
                that is not a string is written as its JSON text.
                """,
            examples: [
                Example("one record", "echo hello | martlet produce greetings"),
                Example(
                    "keys in front of values", "printf 'ann:1\\nbob:2\\n' | martlet produce points --key-separator :"),
                Example(
                    "a header and a codec", "martlet produce logs --header host=web-1 --codec zstd < access.log"),
                Example(
                    "all records of one topic into another",
                    "martlet consume a --from beginning --until-end --json | martlet produce b --json --repartition"),
            ], seeAlso: ["martlet consume", "martlet topic create"])
    }

    @Argument(valueName: "TOPIC", help: "The topic to write to.")
    var topic: String
    @Option(
        name: .long(short: "K"), valueName: "TEXT",
        help: "What stands between key and value in a line; \\t is a tab. Without it there is no key.")
    var keySeparator: EscapedText?
    @Option(name: .long(short: "k"), valueName: "TEXT", help: "The key of every record.")
    var key: String?
    @Flag(name: .long(short: "j"), help: "Lines are JSON objects.")
    var json = false
    @Option(
        name: .customLong("header", short: "H"), valueName: "KEY=VALUE", help: "A header of every record.")
    var headers: [KeyValueArgument]
    @Option(name: .long(short: "p"), valueName: "N", help: "The partition; otherwise the key decides.")
    var partition: Int32?
    @Flag(help: "Let keys decide on partitions, though JSON lines name some.")
    var repartition = false
    @Option(
        valueName: "TIME", help: "The time of every record: milliseconds since 1970, or like 2026-11-25T20:45:56Z.")
    var timestamp: TimeArgument?
    @Option(valueName: "TEXT", help: "A value that is this text is written as a tombstone (null).")
    var null: String?
    @Option(name: .long(short: "z"), valueName: "CODEC", help: "Compression.")
    var codec: CodecArgument = .none
    @Option(valueName: "N", help: "The level of the codec.")
    var level: Int?
    @Option(help: "Who has a record before it counts as written: all in-sync replicas, the leader, nobody.")
    var acks: AcksArgument = .all
    @Flag(inversion: .prefixedNo, help: "Have brokers recognise batches that are sent again.")
    var idempotent = true
    @Option(valueName: "MS", help: "How long a batch waits for more records.")
    var linger: Int = 5
    @Option(valueName: "BYTES", help: "Bytes at which a batch is sent, before compression.")
    var batchSize: Int = 65_536
    @Option(
        valueName: "BYTES",
        help: "Bytes of one request at most, and so of one record; the topic's max.message.bytes has a say too.")
    var maxRequestSize: Int = 1_048_576
    @Option(valueName: "SECONDS", help: "How long to try to write a record before it is given up.")
    var deliveryTimeout: Int = 120
    @Flag(name: .long(short: "q"), help: "Do not say at the end what was written.")
    var quiet = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        if json, keySeparator != nil { throw ValidationError("--json and --key-separator exclude each other") }
        if json, key != nil { throw ValidationError("--json and --key exclude each other") }
        if key != nil, keySeparator != nil { throw ValidationError("--key and --key-separator exclude each other") }
        if let partition, partition < 0 { throw ValidationError("--partition must be 0 or more") }
        guard (1_024...Int(Int32.max)).contains(maxRequestSize) else {
            throw ValidationError("--max-request-size must be from 1024 to \(Int32.max)")
        }
        guard (1...Int(Int32.max)).contains(deliveryTimeout) else {
            throw ValidationError("--delivery-timeout must be from 1 to \(Int32.max)")
        }
        guard linger >= 0 else { throw ValidationError("--linger must be 0 or more") }
        guard (1...1 << 20).contains(batchSize) else { throw ValidationError("--batch-size must be from 1 to 1048576") }
        if let level, !codec.compression.allows(level: level) {
            let levels = codec.compression.levels.map { "\($0.lowerBound) to \($0.upperBound)" }
            throw ValidationError(
                "--level \(level) is not one of \(codec.rawValue)'s", hint: levels.map { "It has \($0)." })
        }
    }

    func run() throws {
        try ClientSession.run(connection, createsTopics: true) { session in
            ProduceRun(session: session, parser: parser, configuration: producerConfiguration, isQuiet: quiet).start()
        }
    }

    private var parser: RecordParser {
        RecordParser(
            topic: topic, input: json ? .json : .text(keySeparator: keySeparator?.bytes),
            key: key.map { Array($0.utf8) }, partition: partition, ignoresPartitions: repartition,
            timestamp: timestamp?.milliseconds,
            headers: headers.map { RecordHeader(key: $0.key, value: Array($0.value.utf8)) },
            nullText: null.map { Array($0.utf8) })
    }

    private var producerConfiguration: ProducerConfiguration {
        var configuration = ProducerConfiguration()
        configuration.acks = acks.acknowledgement
        // Without acknowledgements of all there is nothing to recognise a batch again for.
        configuration.isIdempotent = idempotent && acks == .all
        configuration.compression = codec.compression
        configuration.compressionLevel = level
        configuration.linger = .milliseconds(Int64(linger))
        configuration.batchSize = batchSize
        configuration.maximumRequestSize = maxRequestSize
        configuration.deliveryTimeout = .seconds(Int64(deliveryTimeout))
        configuration.metadataTimeout = .seconds(Int64(connection.timeout))
        return configuration
    }
}

enum CodecArgument: String, CaseIterable, ExpressibleByArgument {
    case none, gzip, snappy, lz4, zstd

    var compression: Compression { Compression(name: rawValue) ?? .none }
}

enum AcksArgument: String, CaseIterable, ExpressibleByArgument {
    case all
    case leader = "1"
    case none = "0"

    var acknowledgement: ProducerConfiguration.Acknowledgement {
        switch self {
        case .all: .all
        case .leader: .leader
        case .none: .none
        }
    }
}

/// Text with `\t`, `\n` and `\\`, at least one character.
struct EscapedText: ExpressibleByArgument {
    let bytes: [UInt8]
    let argumentText: String

    init(argument: String) throws(InvalidArgument) {
        guard !argument.isEmpty else { throw InvalidArgument("must not be empty") }
        argumentText = argument
        bytes = unescaped(argument)
    }
}

/// `text` with `\t`, `\n`, `\r`, `\0` and `\\` replaced by what they stand for.
func unescaped(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in text.utf8 {
        if isEscaped {
            isEscaped = false
            switch byte {
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "0"): bytes.append(0)
            case UInt8(ascii: "\\"): bytes.append(byte)
            default: bytes += [UInt8(ascii: "\\"), byte]
            }
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else {
            bytes.append(byte)
        }
    }
    if isEscaped { bytes.append(UInt8(ascii: "\\")) }
    return bytes
}

/// A time: milliseconds since 1970, or a date with a time.
struct TimeArgument: ExpressibleByArgument {
    let milliseconds: Int64
    let argumentText: String

    init(argument: String) throws(InvalidArgument) {
        guard let milliseconds = Int64(argument) ?? Instant.milliseconds(argument), milliseconds >= 0 else {
            throw InvalidArgument("must be milliseconds since 1970, or a time like 2026-11-25T20:45:56Z")
        }
        self.milliseconds = milliseconds
        argumentText = argument
    }
}
