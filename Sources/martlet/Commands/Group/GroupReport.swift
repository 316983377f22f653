import Bytes
import CommandLine
import KafkaClientCore
import Runtime

/// How a group stands: its members, and how far it has come in each partition.
struct GroupReport: Equatable {
    /// A partition that the group has an offset of, or a member reads.
    struct Row: Equatable {
        let partition: TopicPartition
        /// Nil where nothing was committed.
        let committed: GroupOffset?
        /// The offset that the next record gets; nil where it could not be found out, as of a topic that is gone.
        let end: Int64?
        /// When the oldest record that was not read was written, in milliseconds since 1970; nil where there is none, or
        /// it could not be found out.
        let oldestUnread: Int64?
        let member: GroupDescription.Member?

        /// Records that were not read. Below 0 where the log ends before what was committed: it is not the same log.
        var lag: Int64? {
            guard let committed, let end else { return nil }
            let (lag, overflow) = end.subtractingReportingOverflow(committed.offset)
            return overflow ? nil : lag
        }

        /// For how long the oldest unread record has waited, in milliseconds; 0 where there is none.
        func lagMilliseconds(now: Int64) -> Int64? {
            guard let lag else { return nil }
            guard lag > 0 else { return 0 }
            return oldestUnread.map { max(0, now - $0) }
        }
    }

    let description: GroupDescription
    /// In the order of topics and partitions.
    let rows: [Row]
    /// Why the end of a partition could not be found out.
    let unknownEnds: [TopicPartition: ClientError]
    /// When it was looked, in milliseconds since 1970.
    let now: Int64

    init(
        _ description: GroupDescription, committed: [TopicPartition: GroupOffset],
        ends: [TopicPartition: Result<Int64, ClientError>], oldestUnread: [TopicPartition: Int64], now: Int64
    ) {
        self.description = description
        unknownEnds = ends.compactMapValues { if case .failure(let error) = $0 { error } else { nil } }
        self.now = now
        var readers: [TopicPartition: GroupDescription.Member] = [:]
        for member in description.members {
            for partition in member.assignment { readers[partition] = member }
        }
        rows = Set(committed.keys).union(readers.keys).sorted().map {
            Row(
                partition: $0, committed: committed[$0], end: try? ends[$0]?.get(),
                oldestUnread: oldestUnread[$0], member: readers[$0])
        }
    }

    /// Unread records of all partitions together, as far as they are known.
    var lag: Int64 {
        rows.reduce(0) { sum, row in
            let (sum, overflow) = sum.addingReportingOverflow(max(0, row.lag ?? 0))
            return overflow ? .max : sum
        }
    }

    /// What could not be found out, for people to read: a line for each kind of error.
    var problems: [String] {
        var byCode: [(code: ClientError.Code, partitions: [TopicPartition])] = []
        for partition in unknownEnds.keys.sorted() {
            guard let code = unknownEnds[partition]?.code else { continue }
            if let index = byCode.firstIndex(where: { $0.code == code }) {
                byCode[index].partitions.append(partition)
            } else {
                byCode.append((code, [partition]))
            }
        }
        return byCode.compactMap { _, partitions in
            guard let first = partitions.first, let error = unknownEnds[first] else { return nil }
            let others = partitions.count > 1 ? " and \(counted(partitions.count - 1, "other partition"))" : ""
            return "group \(description.name.printable): the end of \(first)\(others) is not known: \(error)"
        }
    }

    /// For how long the oldest unread record of all has waited, in milliseconds; nil where no row says.
    var lagMilliseconds: Int64? { rows.compactMap { $0.lagMilliseconds(now: now) }.max() }
}

extension ClientSession {
    /// Finds out how a group stands.
    func examine(_ group: String, completion: @escaping (Result<GroupReport, ClientError>) -> Void) {
        client.describeGroup(group) { result in
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success(let description):
                self.client.committedOffsets(of: group) { result in
                    switch result {
                    case .failure(let error): completion(.failure(error))
                    case .success(let committed): self.measure(description, committed) { completion(.success($0)) }
                    }
                }
            }
        }
    }

    /// Says what could not be found out.
    ///
    /// - Returns: whether there was any such thing.
    func reportProblems(of report: GroupReport) -> Bool {
        for problem in report.problems {
            terminal.writeError("\(terminal.errorStyle.red("error")): \(problem)\n")
        }
        return !report.problems.isEmpty
    }

    private func measure(
        _ description: GroupDescription, _ committed: [TopicPartition: GroupOffset],
        completion: @escaping (GroupReport) -> Void
    ) {
        let partitions = Set(committed.keys).union(description.members.flatMap(\.assignment))
        let wanted = Dictionary(uniqueKeysWithValues: partitions.map { ($0, StartPosition.latest) })
        client.listOffsets(wanted, waitsForPartitions: false) { results in
            let ends = results.mapValues { $0.map(\.offset) }
            let unread = committed.mapValues(\.offset).filter { $0.value < (try? ends[$0.key]?.get()) ?? .min }
            self.client.recordTimes(at: unread) { times in
                completion(
                    GroupReport(
                        description, committed: committed, ends: ends, oldestUnread: times,
                        now: self.shard.wallClockMs))
            }
        }
    }
}
