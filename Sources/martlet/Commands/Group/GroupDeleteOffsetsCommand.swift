import Bytes
import CommandLine
import KafkaClientCore

struct GroupDeleteOffsetsCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete-offsets",
            abstract: "Forget how far a group has come in topics that nobody in it reads",
            examples: [
                Example("in a topic", "martlet group delete-offsets billing --topic orders"),
                Example("in two of its partitions", "martlet group delete-offsets billing --topic orders:0,3"),
            ], seeAlso: ["martlet group describe", "martlet group delete"])
    }

    @Argument(valueName: "GROUP", help: "The name of the group.")
    var group: String
    @Option(name: .long(short: "t"), valueName: "TOPIC[:N,…]", help: "A topic, or some partitions of it.")
    var topic: [PartitionsArgument]
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        if topic.isEmpty { throw ValidationError("of which topics? give --topic") }
    }

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.describeGroup(group) { result in
                if case .failure(let error) = result { return session.fail(error) }
                session.client.committedOffsets(of: group) { result in
                    switch result {
                    case .failure(let error): session.fail(error)
                    case .success(let offsets): delete(from: offsets, session)
                    }
                }
            }
        }
    }

    private func delete(from offsets: [TopicPartition: GroupOffset], _ session: ClientSession) {
        var chosen: Set<TopicPartition> = []
        for argument in topic {
            let found = argument.chosen(from: offsets.keys)
            guard !found.isEmpty else {
                session.terminal.writeError("error: group \(group) has no offset in \(argument.argumentText)\n")
                return session.finish(.failure)
            }
            chosen.formUnion(found)
        }
        let partitions = chosen.sorted()
        session.client.deleteOffsets(of: group, in: partitions) { result in
            switch result {
            case .failure(let error): session.fail(error)
            case .success(let outcomes):
                session.finish(outcomes: outcomes, of: partitions) { "deleted the offset of \(group) in \($0)\n" }
            }
        }
    }
}

extension ClientSession {
    /// Says what became of each partition, and ends the command.
    func finish(
        outcomes: [TopicPartition: Result<Void, ClientError>], of partitions: [TopicPartition],
        done: (TopicPartition) -> String
    ) {
        var hasFailed = false
        var seen: Set<String> = []
        for partition in partitions {
            switch outcomes[partition] {
            case .success?: write(done(partition))
            case .failure(let error)?:
                hasFailed = true
                if seen.insert(error.message).inserted { report(error) }
            case nil:
                hasFailed = true
                report(ClientError(.malformedResponse, "the answer leaves out \(partition)"))
            }
        }
        finish(hasFailed ? .failure : .success)
    }
}

/// A topic, or some partitions of it: `orders`, `orders:0,3`.
struct PartitionsArgument: ExpressibleByArgument, Equatable {
    let topic: String
    /// Nil is all.
    let partitions: [Int32]?

    init(argument: String) throws(InvalidArgument) {
        let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        topic = String(parts[0])
        guard !topic.isEmpty else { throw InvalidArgument("must be TOPIC or TOPIC:N,N") }
        guard parts.count > 1 else {
            partitions = nil
            return
        }
        var numbers: [Int32] = []
        for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = Int32(part), number >= 0 else { throw InvalidArgument("must be TOPIC or TOPIC:N,N") }
            numbers.append(number)
        }
        partitions = numbers
    }

    var argumentText: String {
        partitions.map { "\(topic):\($0.map(String.init).joined(separator: ","))" } ?? topic
    }

    /// Those that are meant, out of some.
    func chosen(from all: some Sequence<TopicPartition>) -> [TopicPartition] {
        all.filter { $0.topic == topic && (partitions?.contains($0.partition) ?? true) }
    }
}
