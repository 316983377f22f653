import Bytes
import CommandLine
import KafkaClientCore
import KafkaProtocol
import Runtime

struct BenchConsumeCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "consume", abstract: "Read records, and measure throughput",
            discussion: """
                Reads a topic from its beginning. Without --topic one is made and filled first, which is not measured; \
                what was just written is read from memory.
                """,
            examples: [
                Example("a topic that is made for it", "martlet bench consume --records 1000000 --size 1000"),
                Example("what is in a topic", "martlet bench consume --topic orders"),
            ], seeAlso: ["martlet bench produce", "martlet consume"])
    }

    @Option(name: .long(short: "n"), valueName: "N", help: "Records to read. (default: 500000, or all of --topic)")
    var records: Int?
    @Option(name: .long(short: "s"), valueName: "BYTES", help: "The size of the values that are written first.")
    var size = 1_024
    @Option(name: .long(short: "z"), valueName: "CODEC", help: "Their compression.")
    var codec: CodecArgument = .none
    @Option(valueName: "BYTES", help: "Bytes of an answer, at most.")
    var fetchBytes: Int32 = 50 << 20
    @Option(valueName: "BYTES", help: "Bytes of a partition in an answer, at most.")
    var partitionBytes: Int32 = 1 << 20
    @Flag(name: .long(short: "j"), help: "Write a JSON object.")
    var json = false
    @OptionGroup(title: "Topic options") var topic: BenchTopicOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        if let records, records < 1 { throw ValidationError("--records must be at least 1") }
        guard (0...1 << 20).contains(size) else { throw ValidationError("--size must be from 0 to 1048576") }
        guard fetchBytes > 0 else { throw ValidationError("--fetch-bytes must be at least 1") }
        guard partitionBytes > 0 else { throw ValidationError("--partition-bytes must be at least 1") }
    }

    func run() throws {
        try ClientSession.run(connection) { session in
            let bench = ConsumeBench(session, BenchTopic(session, topic), self)
            session.onInterrupt = { bench.interrupted() }
            bench.start()
        }
    }

    /// How many records are written to a topic that is made.
    fileprivate var recordsToWrite: Int { records ?? 500_000 }

    fileprivate var producerConfiguration: ProducerConfiguration {
        var configuration = ProducerConfiguration()
        configuration.compression = codec.compression
        configuration.batchSize = 65_536
        configuration.maximumRequestSize = 4 << 20
        configuration.metadataTimeout = .seconds(Int64(connection.timeout))
        return configuration
    }

    fileprivate var consumerConfiguration: ConsumerConfiguration {
        var configuration = ConsumerConfiguration()
        configuration.maximumBytes = fetchBytes
        configuration.partitionMaximumBytes = partitionBytes
        return configuration
    }
}

/// Reads a topic up to where it ended at the start.
private final class ConsumeBench: ConsumerDelegate {
    private let session: ClientSession
    private let topic: BenchTopic
    private let command: BenchConsumeCommand
    private let consumer: Consumer
    private let notes: ProgressNotes
    private var producer: Producer?
    private var generator: LoadGenerator?
    private var writingError: ClientError?
    private var ends: [TopicPartition: Int64] = [:]
    private var open: Set<TopicPartition> = []
    private var report = BenchReport(command: "consume")
    private var firstRead: MonotonicTime?
    private var lastRead = MonotonicTime.current()
    private var hasEnded = false
    private var isInterrupted = false

    init(_ session: ClientSession, _ topic: BenchTopic, _ command: BenchConsumeCommand) {
        self.session = session
        self.topic = topic
        self.command = command
        consumer = Consumer(client: session.client, configuration: command.consumerConfiguration)
        notes = ProgressNotes(session, isEnabled: !command.json)
    }

    func start() {
        consumer.delegate = self
        topic.open {
            if self.command.topic.topic == nil { self.fill() } else { self.lookUp() }
        }
    }

    func interrupted() {
        if isInterrupted { return session.finish(.interrupted) }
        isInterrupted = true
        producer?.close()
        generator = nil
        if !hasEnded { end(.interrupted) }
    }

    private func fill() {
        var random = SeededGenerator(seed: .random(in: .min ... .max))
        let payload = Payload(size: command.size, using: &random)
        let producer = Producer(client: session.client, configuration: command.producerConfiguration)
        let plan = LoadGenerator.Plan(
            topic: topic.name, rate: nil, records: command.recordsToWrite, duration: .zero, warmUp: .zero)
        let generator = LoadGenerator(
            session, producer, plan, size: command.size, value: { payload.value($0) },
            delivered: {
                if case .failure(let error) = $0.result, self.writingError == nil { self.writingError = error }
            },
            ended: { self.filled() })
        (self.producer, self.generator) = (producer, generator)
        if !command.json { session.terminal.writeError("writing \(counted(command.recordsToWrite, "record")) first\n") }
        generator.run()
    }

    private func filled() {
        guard !hasEnded else { return }
        generator = nil
        if writingError != nil { return end(.failure) }
        lookUp()
    }

    private func lookUp() {
        topic.offsets(.earliest) { starts in
            self.topic.offsets(.latest) { ends in
                guard !self.hasEnded else { return }
                self.ends = ends
                self.lastRead = .current()
                for (partition, start) in starts.sorted(by: { $0.key < $1.key }) where start < ends[partition] ?? 0 {
                    self.open.insert(partition)
                    self.consumer.assign(partition, from: .offset(start))
                }
                if self.open.isEmpty { self.end(.success) }
            }
        }
    }

    func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition) {
        guard !hasEnded else { return }
        let now = session.shard.now
        if firstRead == nil { firstRead = lastRead }
        let bytes = (record.key?.count ?? 0) + (record.value?.count ?? 0)
        report.records += 1
        report.bytes += bytes
        lastRead = now
        notes.count(bytes: bytes, latency: nil, now: now)
        if report.records == command.records { end(.success) }
    }

    func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition) {
        guard !hasEnded, let last = ends[partition], position >= last else { return }
        consumer.unassign(partition)
        open.remove(partition)
        lastRead = .current()
        if open.isEmpty { self.end(.success) }
    }

    func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError) {
        guard !hasEnded else { return }
        session.report(error)
        end(.failure)
    }

    private func end(_ code: ExitCode) {
        hasEnded = true
        consumer.close()
        if let firstRead { report.seconds = Double((lastRead - firstRead).nanoseconds) / 1e9 }
        report.settings = [
            ("partitions", "\(topic.partitions.count)"), ("fetchBytes", "\(command.fetchBytes)"),
            ("partitionBytes", "\(command.partitionBytes)"),
        ]
        topic.end(code) { [session, report, command, writingError] in
            session.write(command.json ? report.json : Array(report.text.utf8))
            if let writingError { session.report(writingError) }
        }
    }
}
