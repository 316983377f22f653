import Bytes
import CommandLine
import KafkaClientCore
import KafkaProtocol
import Runtime

struct BenchLatencyCommand: ParsableCommand {
    static let standardRate = 1_000

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "latency", abstract: "Measure how long records take from one client to another",
            discussion: """
                Sends at a fixed rate (1,000 a second unless --rate says) and reads the same records. Both times count \
                from the moment a record was to be sent, so that a cluster that stops for a while is not let off \
                lightly. The client does not sleep between records that are 2 ms apart or less: it uses a processor.
                """,
            examples: [
                Example("a thousand records a second, for ten seconds", "martlet bench latency"),
                Example("larger ones, for a minute", "martlet bench latency --rate 200 --size 10000 --duration 60"),
            ], seeAlso: ["martlet bench produce"])
    }

    @OptionGroup var load: LoadOptions
    @Flag(name: .long(short: "j"), help: "Write a JSON object.")
    var json = false
    @OptionGroup(title: "Topic options") var topic: BenchTopicOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        guard load.size >= LatencyBench.markSize else {
            throw ValidationError("--size must be at least \(LatencyBench.markSize), which a record's number takes")
        }
    }

    func run() throws {
        try ClientSession.run(connection) { session in
            let topic = BenchTopic(session, topic)
            topic.open {
                topic.offsets(.latest) { starts in
                    let configuration = load.producerConfiguration(linger: 0, metadataTimeout: connection.timeout)
                    LatencyBench(session, topic, load, configuration, isJSON: json).start(starts)
                }
            }
        }
    }
}

/// Writes records that know their number, and reads them.
private final class LatencyBench: ConsumerDelegate {
    /// Bytes before the padding of a value: the run's number and the record's.
    static let markSize = 16
    /// How long records that were acknowledged are waited for.
    private static let patience = Interval.seconds(10)

    private let session: ClientSession
    private let topic: BenchTopic
    private let load: LoadOptions
    private let isJSON: Bool
    private let producer: Producer
    private let consumer: Consumer
    private let notes: ProgressNotes
    private let run = UInt64.random(in: 0 ... .max)
    private var generator: LoadGenerator?
    private var pace: Pace?
    private var acknowledged = LatencyDistribution()
    private var consumed = LatencyDistribution()
    private var report = BenchReport(command: "latency")
    private var firstError: ClientError?
    /// Records that were acknowledged and not read yet.
    private var awaited = 0
    private var isComplete = false
    private var hasEnded = false
    private var isInterrupted = false
    private var lastRead = MonotonicTime.current()

    init(
        _ session: ClientSession, _ topic: BenchTopic, _ load: LoadOptions, _ configuration: ProducerConfiguration,
        isJSON: Bool
    ) {
        self.session = session
        self.topic = topic
        self.load = load
        self.isJSON = isJSON
        producer = Producer(client: session.client, configuration: configuration)
        consumer = Consumer(client: session.client)
        notes = ProgressNotes(session, isEnabled: !isJSON)
    }

    func start(_ offsets: [TopicPartition: Int64]) {
        consumer.delegate = self
        session.onInterrupt = { self.interrupted() }
        for (partition, offset) in offsets { consumer.assign(partition, from: .offset(offset)) }
        var plan = load.plan(topic.name)
        let rate = Double(load.rate ?? BenchLatencyCommand.standardRate)
        plan.rate = rate
        var random = SeededGenerator(seed: .random(in: .min ... .max))
        let payload = Payload(size: load.size - LatencyBench.markSize, using: &random)
        let generator = LoadGenerator(
            session, producer, plan, size: load.size, value: { self.mark($0) + payload.value($0) },
            delivered: { self.delivered($0) }, ended: { self.written() })
        pace = Pace(start: generator.start, rate: rate)
        self.generator = generator
        generator.run()
    }

    private func mark(_ index: Int) -> [UInt8] {
        var mark: [UInt8] = []
        mark.reserveCapacity(load.size)
        withUnsafeBytes(of: run.bigEndian) { mark.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt64(index).bigEndian) { mark.append(contentsOf: $0) }
        return mark
    }

    private func delivered(_ delivery: LoadGenerator.Delivery) {
        switch delivery.result {
        case .success:
            awaited += 1
            if delivery.isMeasured {
                acknowledged.record(nanoseconds: (MonotonicTime.current() - delivery.intended).nanoseconds)
            }
        case .failure(let error):
            report.failed += 1
            if firstError == nil { firstError = error }
        }
    }

    func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition) {
        guard !hasEnded, let value = record.value, value.count >= LatencyBench.markSize, let pace, let generator,
            UInt64(bigEndian: value.loadUnaligned(as: UInt64.self)) == run
        else { return }
        let index = UInt64(bigEndian: value.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let intended = pace.time(of: Int(clamping: index))
        let now = MonotonicTime.current()
        let length = (now - intended).nanoseconds
        // It may be read before its acknowledgement has come.
        awaited -= 1
        lastRead = now
        notes.count(bytes: value.count, latency: length, now: now)
        if intended >= generator.measuredFrom {
            report.records += 1
            consumed.record(nanoseconds: length)
        }
        if isComplete, awaited <= 0 { end() }
    }

    func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition) {}

    func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError) {
        guard !hasEnded else { return }
        if firstError == nil { firstError = error }
        end()
    }

    /// All records have been reported; those that were acknowledged are still to be read.
    private func written() {
        isComplete = true
        if awaited <= 0 || isInterrupted { return end() }
        session.shard.schedule(after: LatencyBench.patience) { self.end() }
    }

    private func interrupted() {
        if isInterrupted { return session.finish(.interrupted) }
        isInterrupted = true
        generator?.stop()
    }

    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        consumer.close()
        if let generator { report.seconds = Double((lastRead - generator.measuredFrom).nanoseconds) / 1e9 }
        report.bytes = report.records * load.size
        report.latencies = [("acknowledged", acknowledged), ("consumed", consumed)]
        report.note(load, linger: 0, partitions: topic.partitions.count)
        let unread = isInterrupted ? 0 : max(awaited, 0)
        let hasFailed = report.failed > 0 || firstError != nil || unread > 0
        let code: ExitCode = hasFailed ? .failure : isInterrupted ? .interrupted : .success
        topic.end(code) { [session, report, isJSON, firstError] in
            session.write(isJSON ? report.json : Array(report.text.utf8))
            if unread > 0 {
                session.terminal.writeError("error: \(counted(unread, "record")) acknowledged and not read in time\n")
            }
            if let firstError { session.report(firstError) }
        }
        generator = nil
    }
}
