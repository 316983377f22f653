import Bytes
import CommandLine
import KafkaClientCore
import KafkaProtocol

/// Where a benchmark writes and reads.
struct BenchTopicOptions: ParsableArguments {
    @Option(
        name: .long(short: "t"), valueName: "TOPIC", help: "A topic that is there; without it one is made and removed.")
    var topic: String?
    @Option(name: .long(short: "p"), valueName: "N", help: "Partitions of the topic that is made.")
    var partitions: Int32 = 1
    @Option(name: .long(short: "r"), valueName: "N", help: "Brokers that hold each of them.")
    var replicationFactor: Int16?
    @Option(
        name: .customLong("config", short: "c"), valueName: "KEY=VALUE", help: "A setting of the topic that is made.")
    var settings: [KeyValueArgument]

    func validate() throws {
        guard partitions > 0 else { throw ValidationError("--partitions must be at least 1") }
        if let replicationFactor, replicationFactor < 1 {
            throw ValidationError("--replication-factor must be at least 1")
        }
    }
}

/// A topic for the time of a benchmark.
final class BenchTopic {
    let name: String
    private(set) var partitions: [TopicPartition] = []
    private let session: ClientSession
    private let options: BenchTopicOptions
    private var isOwn: Bool { options.topic == nil }

    init(_ session: ClientSession, _ options: BenchTopicOptions) {
        self.session = session
        self.options = options
        name = options.topic ?? "martlet-bench-\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }

    /// Makes the topic unless it is there. Where that fails the command has ended.
    func open(_ completion: @escaping () -> Void) {
        guard isOwn else { return describe(completion) }
        let topic = NewTopic(
            name: name, partitionCount: options.partitions, replicationFactor: options.replicationFactor,
            configuration: options.settings.map { ($0.key, $0.value) })
        session.client.createTopics([topic]) { results in
            if case .failure(let error)? = results.first?.result { return self.session.fail(error) }
            self.describe(completion)
        }
    }

    private func describe(_ completion: @escaping () -> Void) {
        session.client.describeCluster(topics: [name]) { result in
            switch result {
            case .failure(let error): self.end(.failure) { self.session.report(error) }
            case .success(let cluster):
                guard let topic = cluster.topics[self.name], !topic.partitions.isEmpty else {
                    let code = cluster.topicErrors[self.name]?.rawValue ?? -1
                    return self.end(.failure) {
                        self.session.report(ClientError(code, doing: "finding topic \(self.name)"))
                    }
                }
                self.partitions = topic.partitions.map { TopicPartition(topic: self.name, partition: $0.index) }
                completion()
            }
        }
    }

    /// Where each partition begins or ends now. Where that fails the command has ended.
    func offsets(_ position: StartPosition, _ completion: @escaping ([TopicPartition: Int64]) -> Void) {
        let wanted = Dictionary(uniqueKeysWithValues: partitions.map { ($0, position) })
        session.client.listOffsets(wanted) { results in
            var offsets: [TopicPartition: Int64] = [:]
            for (partition, result) in results {
                switch result {
                case .success(let found): offsets[partition] = found.offset
                case .failure(let error): return self.end(.failure) { self.session.report(error) }
                }
            }
            completion(offsets)
        }
    }

    /// Removes the topic if it was made, says what there is to say, and ends the command.
    func end(_ code: ExitCode, saying: @escaping () -> Void) {
        guard isOwn else {
            saying()
            return session.finish(code)
        }
        session.client.deleteTopics([name]) { results in
            saying()
            guard case .failure(let error)? = results.first?.result,
                error.code != .broker(.unknownTopicOrPartition)
            else { return self.session.finish(code) }
            self.session.report(error)
            self.session.finish(.failure)
        }
    }
}
