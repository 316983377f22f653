import Bytes
import CommandLine
import KafkaClientCore
import KafkaProtocol

/// Finds out where a group's offsets stand and where they are to go, shows it and sets them.
final class OffsetReset {
    struct Output {
        let isJSON: Bool
        /// A path, or `-`; nil for nowhere.
        let export: String?
    }

    private let session: ClientSession
    private let group: String
    private let topics: [PartitionsArgument]
    private let target: OffsetTarget
    private let output: Output
    private let executes: Bool
    private var committed: [TopicPartition: GroupOffset] = [:]

    /// - Parameter topics: none are those that the group has offsets of.
    init(
        session: ClientSession, group: String, topics: [PartitionsArgument], target: OffsetTarget, output: Output,
        executes: Bool
    ) {
        self.session = session
        self.group = group
        self.topics = topics
        self.target = target
        self.output = output
        self.executes = executes
    }

    func start() {
        session.client.describeGroup(group) { result in
            switch result {
            case .failure(let error) where error.code == .broker(.groupIdNotFound):
                self.session.terminal.writeError(
                    "there is no group \(self.group): \(self.executes ? "it is" : "it would be") made\n")
                self.fetchCommitted()
            case .failure(let error): self.session.fail(error)
            case .success(let group) where group.members.isEmpty: self.fetchCommitted()
            case .success(let group): self.refuse(group)
            }
        }
    }

    private func refuse(_ group: GroupDescription) {
        let clients = Set(group.members.map(\.whereabouts)).sorted()
        fail(
            """
            group \(group.name) is in use: it has \(counted(group.members.count, "member")) \
            (\(group.stateText)), which would commit over what is set
            """,
            "Stop them first: \(clients.prefix(5).joined(separator: ", "))\(clients.count > 5 ? ", …" : "").")
    }

    private func fail(_ message: String, _ advice: String? = nil) {
        session.terminal.writeError("\(session.terminal.errorStyle.red("error")): \(message)\n")
        if let advice { session.terminal.writeError("\(advice)\n") }
        session.finish(.failure)
    }

    private func fetchCommitted() {
        session.client.committedOffsets(of: group) { result in
            switch result {
            case .failure(let error): self.session.fail(error)
            case .success(let offsets):
                self.committed = offsets
                self.choose()
            }
        }
    }

    // MARK: Which partitions

    private func choose() {
        if case .listed(let offsets) = target {
            guard !offsets.isEmpty else { return fail("the file has no line for group \(group)") }
            return check(offsets.keys.sorted(), named: Set(offsets.keys.map(\.topic)).sorted())
        }
        if topics.isEmpty { return check(committed.keys.sorted(), named: Set(committed.keys.map(\.topic)).sorted()) }
        check(nil, named: Set(topics.map(\.topic)).sorted())
    }

    /// Looks whether everything that is named is there.
    ///
    /// - Parameter partitions: nil are those of the options.
    private func check(_ partitions: [TopicPartition]?, named names: [String]) {
        guard !names.isEmpty else { return fail("group \(group) has no offsets", "Name topics with --topic.") }
        session.client.describeCluster(topics: names) { result in
            switch result {
            case .failure(let error): self.session.fail(error)
            case .success(let cluster):
                for name in names where cluster.topics[name] == nil {
                    let code = cluster.topicErrors[name]?.rawValue ?? -1
                    return self.session.fail(ClientError(code, doing: "finding topic \(name)"))
                }
                let there = cluster.topics.values.flatMap { topic in
                    topic.partitions.map { TopicPartition(topic: topic.name, partition: $0.index) }
                }
                let wanted = partitions ?? self.topics.flatMap { $0.named ?? $0.chosen(from: there) }
                if let missing = wanted.first(where: { !there.contains($0) }) {
                    return self.fail("topic \(missing.topic) has no partition \(missing.partition)")
                }
                self.measure(Set(wanted))
            }
        }
    }

    // MARK: Where to

    private func measure(_ partitions: Set<TopicPartition>) {
        look(up: .earliest, partitions) { earliest in
            self.look(up: .latest, partitions) { latest in
                guard case .time(let time) = self.target else { return self.plan(earliest, latest, [:]) }
                self.look(up: .timestamp(time), partitions) { self.plan(earliest, latest, $0) }
            }
        }
    }

    private func look(
        up position: StartPosition, _ partitions: Set<TopicPartition>,
        _ completion: @escaping ([TopicPartition: Int64]) -> Void
    ) {
        session.client.listOffsets(Dictionary(uniqueKeysWithValues: partitions.map { ($0, position) })) { results in
            var offsets: [TopicPartition: Int64] = [:]
            for (partition, result) in results {
                switch result {
                case .success(let found): offsets[partition] = found.offset
                case .failure(let error): return self.session.fail(error)
                }
            }
            completion(offsets)
        }
    }

    private func plan(
        _ earliest: [TopicPartition: Int64], _ latest: [TopicPartition: Int64], _ atTime: [TopicPartition: Int64]
    ) {
        var bounds: [TopicPartition: OffsetBounds] = [:]
        for (partition, start) in earliest {
            bounds[partition] = OffsetBounds(
                committed: committed[partition]?.offset, earliest: start, latest: latest[partition] ?? start,
                atTime: atTime[partition])
        }
        do throws(OffsetPlanError) {
            show(try target.plan(bounds))
        } catch {
            fail("\(error)")
        }
    }

    private func show(_ moves: [OffsetMove]) {
        if let export = output.export {
            let text = OffsetFile.text(moves)
            if export == "-" {
                session.write(text)
                for move in moves {
                    if let note = move.note { session.terminal.writeError("\(move.partition): \(note)\n") }
                }
            } else {
                do throws(UnwritableFile) {
                    try writeText(text, to: export)
                } catch {
                    return fail("\(error)")
                }
            }
        }
        if output.isJSON {
            session.write(moves.reduce(into: []) { $0.appendMove($1) })
        } else if output.export != "-" {
            session.write(table(moves))
        }
        guard executes else {
            session.terminal.writeError("nothing was changed: --execute sets these offsets\n")
            return session.finish()
        }
        set(moves)
    }

    private func table(_ moves: [OffsetMove]) -> String {
        var table = TextTable(["topic", "partition", "from", "to", ""])
        for move in moves {
            table.append([
                move.partition.topic, "\(move.partition.partition)", move.from.map { "\($0)" } ?? "-", "\(move.to)",
                move.note ?? "",
            ])
        }
        return table.text
    }

    private func set(_ moves: [OffsetMove]) {
        let offsets = Dictionary(uniqueKeysWithValues: moves.map { ($0.partition, GroupOffset(offset: $0.to)) })
        session.client.setOffsets(of: group, to: offsets) { result in
            switch result {
            case .failure(let error): self.session.fail(error)
            case .success(let outcomes):
                let failed = outcomes.filter { if case .failure = $0.value { true } else { false } }
                if failed.isEmpty, outcomes.count == moves.count {
                    self.session.terminal.writeError(
                        "set \(counted(moves.count, "offset")) of group \(self.group)\n")
                    return self.session.finish()
                }
                let unsure = moves.map(\.partition).filter { failed[$0] != nil || outcomes[$0] == nil }
                self.session.finish(outcomes: outcomes, of: unsure) { "\($0)\n" }
            }
        }
    }
}

extension PartitionsArgument {
    /// The partitions that it names; nil where it means all.
    fileprivate var named: [TopicPartition]? {
        partitions?.map { TopicPartition(topic: topic, partition: $0) }
    }
}

extension [UInt8] {
    fileprivate mutating func appendMove(_ move: OffsetMove) {
        append(contentsOf: "{\"topic\":".utf8)
        appendJSON(move.partition.topic.utf8)
        append(contentsOf: ",\"partition\":\(move.partition.partition)".utf8)
        append(contentsOf: ",\"from\":\(move.from.map { "\($0)" } ?? "null"),\"to\":\(move.to)".utf8)
        if let wanted = move.wanted { append(contentsOf: ",\"wanted\":\(wanted)".utf8) }
        append(contentsOf: "}\n".utf8)
    }
}
