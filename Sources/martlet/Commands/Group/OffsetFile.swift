import Bytes

/// Offsets of groups as `kafka-consumer-groups` exports them: lines of `topic,partition,offset`, or of
/// `group,topic,partition,offset` where it exported several groups. Fields may stand in double quotes.
enum OffsetFile {
    struct Problem: Error, Equatable, CustomStringConvertible {
        /// From 1.
        let line: Int
        let message: String
        var description: String { "line \(line): \(message)" }
    }

    static func text(_ moves: [OffsetMove]) -> String {
        moves.map { "\(quoted($0.partition.topic)),\($0.partition.partition),\($0.to)\n" }.joined()
    }

    /// Reads the offsets of one group; lines of other groups are passed over.
    static func offsets(_ text: String, of group: String) throws(Problem) -> [TopicPartition: Int64] {
        var offsets: [TopicPartition: Int64] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            guard var fields = fields(line) else { throw Problem(line: index + 1, message: "a quote does not end") }
            if fields.count == 4 {
                guard fields.removeFirst() == group else { continue }
            }
            guard fields.count == 3, !fields[0].isEmpty, let partition = Int32(fields[1]), partition >= 0,
                let offset = Int64(fields[2]), offset >= 0
            else {
                throw Problem(
                    line: index + 1, message: "this is neither topic,partition,offset nor group,topic,partition,offset")
            }
            offsets[TopicPartition(topic: fields[0], partition: partition)] = offset
        }
        return offsets
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { "\",\n\r".contains($0) }) else { return field }
        return "\"\(field.map { $0 == "\"" ? "\"\"" : String($0) }.joined())\""
    }

    /// The fields of a line; nil where a quote does not end. Spaces around a field are not part of it.
    private static func fields(_ line: Substring) -> [String]? {
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var rest = line
        while let character = rest.popFirst() {
            switch character {
            case "\"" where isQuoted && rest.first == "\"":
                field.append("\"")
                rest.removeFirst()
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                fields.append(trimmed(field))
                field = ""
            default: field.append(character)
            }
        }
        fields.append(trimmed(field))
        return isQuoted ? nil : fields
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0.isWhitespace }
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
