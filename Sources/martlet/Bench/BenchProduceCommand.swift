import Bytes
import CommandLine
import KafkaClientCore
import Runtime

struct BenchProduceCommand: ParsableCommand {
    static let standardLinger = 5

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "produce", abstract: "Write records, and measure throughput and latency",
            discussion: """
                Latency is the time from when a record was to be sent until it was acknowledged: without --rate it is \
                the time in the producer's own queue for the most part, as with kafka-producer-perf-test.
                """,
            examples: [
                Example("as fast as it goes, for ten seconds", "martlet bench produce"),
                Example(
                    "a million small records, compressed, to six partitions",
                    "martlet bench produce --records 1000000 --size 100 --codec lz4 --partitions 6"),
                Example("what a steady stream of them waits for", "martlet bench produce --rate 5000 --linger 0"),
            ], seeAlso: ["martlet bench latency", "martlet produce"])
    }

    @OptionGroup var load: LoadOptions
    @Flag(name: .long(short: "j"), help: "Write a JSON object.")
    var json = false
    @OptionGroup(title: "Topic options") var topic: BenchTopicOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            let topic = BenchTopic(session, topic)
            let configuration = load.producerConfiguration(
                linger: BenchProduceCommand.standardLinger, metadataTimeout: connection.timeout)
            topic.open { ProduceBench(session, topic, load, configuration, isJSON: json).start() }
        }
    }
}

/// Writes records and counts what comes of them.
final class ProduceBench {
    private let session: ClientSession
    private let topic: BenchTopic
    private let load: LoadOptions
    private let isJSON: Bool
    private let producer: Producer
    private let notes: ProgressNotes
    private var generator: LoadGenerator?
    private var latency = LatencyDistribution()
    private var report = BenchReport(command: "produce")
    private var firstSent: MonotonicTime?
    private var lastDone = MonotonicTime.current()
    private var firstError: ClientError?
    private var isInterrupted = false

    init(
        _ session: ClientSession, _ topic: BenchTopic, _ load: LoadOptions, _ configuration: ProducerConfiguration,
        isJSON: Bool
    ) {
        self.session = session
        self.topic = topic
        self.load = load
        self.isJSON = isJSON
        producer = Producer(client: session.client, configuration: configuration)
        notes = ProgressNotes(session, isEnabled: !isJSON)
    }

    func start() {
        var random = SeededGenerator(seed: .random(in: .min ... .max))
        let payload = Payload(size: load.size, using: &random)
        let generator = LoadGenerator(
            session, producer, load.plan(topic.name), size: load.size, value: { payload.value($0) },
            delivered: { self.delivered($0) }, ended: { self.end() })
        self.generator = generator
        session.onInterrupt = { self.interrupted() }
        generator.run()
    }

    private func delivered(_ delivery: LoadGenerator.Delivery) {
        let now = MonotonicTime.current()
        let length = (now - delivery.intended).nanoseconds
        switch delivery.result {
        case .success:
            notes.count(bytes: load.size, latency: length, now: now)
            guard delivery.isMeasured else { return }
            latency.record(nanoseconds: length)
            report.records += 1
            firstSent = min(firstSent ?? delivery.intended, delivery.intended)
            lastDone = now
        case .failure(let error):
            report.failed += 1
            if firstError == nil { firstError = error }
        }
    }

    private func interrupted() {
        if isInterrupted { return session.finish(.interrupted) }
        isInterrupted = true
        generator?.stop()
    }

    private func end() {
        generator = nil
        if let firstSent { report.seconds = Double((lastDone - firstSent).nanoseconds) / 1e9 }
        report.bytes = report.records * load.size
        report.latencies = [("acknowledged", latency)]
        report.note(load, linger: BenchProduceCommand.standardLinger, partitions: topic.partitions.count)
        let code: ExitCode = report.failed > 0 ? .failure : isInterrupted ? .interrupted : .success
        topic.end(code) { [session, report, isJSON, firstError] in
            session.write(isJSON ? report.json : Array(report.text.utf8))
            if let firstError { session.report(firstError) }
        }
    }
}

extension LoadOptions {
    func plan(_ topic: String) -> LoadGenerator.Plan {
        LoadGenerator.Plan(
            topic: topic, rate: rate.map(Double.init), records: records, duration: .seconds(Int64(duration)),
            warmUp: .seconds(Int64(warmUp)))
    }
}
