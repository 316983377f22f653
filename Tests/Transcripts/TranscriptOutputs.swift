import KafkaProtocol

/// Something that was asked and is not answered yet.
struct TranscriptRequest {
    var asker: String
    var verb: String
    /// The states when it was asked.
    var states: [String: String]
}

/// A line of what came of an input.
struct TranscriptOutput {
    var text: String
    /// What it is one of many of; nil where it stands alone.
    var kind: String?
    /// The states when the question was asked that this line answers.
    var states: [String: String]?
}

/// What came of an input so far. Many answers or records of one kind are only counted.
struct TranscriptOutputs {
    private static let mostOfAKind = 8

    private var lines: [TranscriptOutput] = []
    private var moments: [(delay: Int64, begin: Int)] = []

    mutating func add(_ text: String) { lines.append(TranscriptOutput(text: text)) }

    mutating func add(_ reply: TranscriptReply, to request: TranscriptRequest) {
        let outcome = reply.error == .none ? [] : [reply.error.description]
        let words = outcome + (reply.details.isEmpty ? [] : [reply.details])
        lines.append(
            TranscriptOutput(
                text: (["reply", request.asker, request.verb] + words).joined(separator: " "),
                kind: (["reply", "%", request.verb] + outcome).joined(separator: " "), states: request.states))
    }

    mutating func add(_ record: TranscriptRecord) {
        let kind = record.key.prefix { $0 != " " }
        guard let value = record.value else {
            return lines.append(TranscriptOutput(text: "delete \(record.key)", kind: "delete % \(kind)"))
        }
        lines.append(TranscriptOutput(text: "write \(record.key): \(value)", kind: "write % \(kind)"))
    }

    /// What follows happens this many milliseconds after the input.
    mutating func begin(after delay: Int64) { moments.append((delay, lines.count)) }

    mutating func take() -> [TranscriptOutput] {
        let first = moments.first?.begin ?? lines.count
        let ends = moments.dropFirst().map(\.begin) + [lines.count]
        var taken = TranscriptOutputs.folded(lines[..<first])
        for (moment, end) in zip(moments, ends) where moment.begin < end {
            taken.append(TranscriptOutput(text: "after \(moment.delay) ms"))
            taken += TranscriptOutputs.folded(lines[moment.begin..<end])
        }
        (lines, moments) = ([], [])
        return taken
    }

    private static func folded(_ lines: ArraySlice<TranscriptOutput>) -> [TranscriptOutput] {
        var counts: [String: Int] = [:]
        for line in lines { counts[line.kind ?? "", default: 0] += 1 }
        var seen: Set<String> = []
        var folded: [TranscriptOutput] = []
        for line in lines {
            guard let kind = line.kind, let count = counts[kind], count > mostOfAKind else {
                folded.append(line)
                continue
            }
            guard seen.insert(kind).inserted else { continue }
            var line = line
            line.text = kind.replacing("%", with: "\(count)×")
            folded.append(line)
        }
        return sortedDeletions(folded)
    }

    /// Deletions that come together have no order among themselves.
    private static func sortedDeletions(_ lines: [TranscriptOutput]) -> [TranscriptOutput] {
        var sorted: [TranscriptOutput] = []
        var deletions: [TranscriptOutput] = []
        for line in lines {
            if line.text.hasPrefix("delete ") {
                deletions.append(line)
            } else {
                sorted += deletions.sorted { $0.text < $1.text } + [line]
                deletions = []
            }
        }
        return sorted + deletions.sorted { $0.text < $1.text }
    }
}
