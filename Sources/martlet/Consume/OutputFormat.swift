import Bytes
import CommandLine
import KafkaClientCore
import Records

/// The form in which records are written out.
enum OutputFormat {
    /// The value, behind the key when there is a separator; a line end follows.
    case text(keySeparator: [UInt8]?)
    /// The value alone, with nothing between two of them.
    case raw
    /// A JSON object a line, in the form that `martlet produce --json` reads.
    case json
    case template(OutputTemplate)

    /// Appends a record.
    func append(_ record: ConsumedRecord, _ partition: TopicPartition, null: [UInt8], to output: inout [UInt8]) {
        switch self {
        case .text(let separator):
            if let separator {
                output.append(bytes: record.key, null: null)
                output.append(contentsOf: separator)
            }
            output.append(bytes: record.value, null: null)
            output.append(UInt8(ascii: "\n"))
        case .raw:
            output.append(bytes: record.value, null: [])
        case .json:
            output.appendJSON(record, partition)
        case .template(let template):
            template.append(record, partition, null: null, to: &output)
        }
    }
}

/// Text with fields in braces: `{partition} {offset}: {value}`.
struct OutputTemplate: ExpressibleByArgument {
    enum Field: String, CaseIterable {
        case topic, partition, offset, timestamp, time, key, value, headers
    }

    private enum Part {
        case text([UInt8])
        case field(Field)
    }

    let argumentText: String
    private var parts: [Part] = []

    init(argument: String) throws(InvalidArgument) {
        argumentText = argument
        var rest = argument[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            parts.append(.text(unescaped(String(rest[..<brace]))))
            let after = rest.index(after: brace)
            if after < rest.endIndex, rest[after] == rest[brace] {
                parts.append(.text(Array(String(rest[brace]).utf8)))
                rest = rest[rest.index(after: after)...]
                continue
            }
            guard rest[brace] == "{", let close = rest[after...].firstIndex(of: "}") else {
                throw InvalidArgument("has a brace without its pair; write {{ or }} for one that is text")
            }
            let name = String(rest[after..<close])
            guard let field = Field(rawValue: name) else {
                let fields = Field.allCases.map { "{\($0.rawValue)}" }.joined(separator: " ")
                throw InvalidArgument("has {\(name)}; there are \(fields)")
            }
            parts.append(.field(field))
            rest = rest[rest.index(after: close)...]
        }
        parts.append(.text(unescaped(String(rest))))
    }

    /// Appends a record and a line end.
    func append(_ record: ConsumedRecord, _ partition: TopicPartition, null: [UInt8], to output: inout [UInt8]) {
        for part in parts {
            switch part {
            case .text(let bytes): output.append(contentsOf: bytes)
            case .field(.topic): output.append(contentsOf: partition.topic.utf8)
            case .field(.partition): output.append(contentsOf: "\(partition.partition)".utf8)
            case .field(.offset): output.append(contentsOf: "\(record.offset)".utf8)
            case .field(.timestamp): output.append(contentsOf: "\(record.timestamp)".utf8)
            case .field(.time): output.append(contentsOf: Instant.text(record.timestamp).utf8)
            case .field(.key): output.append(bytes: record.key, null: null)
            case .field(.value): output.append(bytes: record.value, null: null)
            case .field(.headers): output.append(headers: record.headers, null: null)
            }
        }
        output.append(UInt8(ascii: "\n"))
    }
}

extension [UInt8] {
    mutating func append(bytes: UnsafeRawBufferPointer?, null: [UInt8]) {
        if let bytes { append(contentsOf: bytes) } else { append(contentsOf: null) }
    }

    fileprivate mutating func append(headers: RecordHeaders, null: [UInt8]) {
        for (index, header) in headers.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(contentsOf: header.key)
            append(UInt8(ascii: "="))
            append(bytes: header.value, null: null)
        }
    }

    fileprivate mutating func appendJSON(_ record: ConsumedRecord, _ partition: TopicPartition) {
        append(contentsOf: "{\"topic\":".utf8)
        appendJSON(partition.topic.utf8)
        let numbers =
            ",\"partition\":\(partition.partition),\"offset\":\(record.offset),\"timestamp\":\(record.timestamp)"
        append(contentsOf: numbers.utf8)
        appendJSON(member: "key", record.key)
        appendJSON(member: "value", record.value)
        append(contentsOf: ",\"headers\":[".utf8)
        for (index, header) in record.headers.enumerated() {
            append(contentsOf: (index > 0 ? ",{\"key\":" : "{\"key\":").utf8)
            appendJSON(String(decoding: header.key, as: UTF8.self).utf8)
            appendJSON(member: "value", header.value)
            append(UInt8(ascii: "}"))
        }
        append(contentsOf: "]}\n".utf8)
    }

    /// A member behind others: as a string when the bytes are text, as base64 under another name when they are not.
    private mutating func appendJSON(member name: String, _ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else { return append(contentsOf: ",\"\(name)\":null".utf8) }
        if String(validating: bytes, as: UTF8.self) != nil {
            append(contentsOf: ",\"\(name)\":".utf8)
            appendJSON(bytes)
        } else {
            append(contentsOf: ",\"\(name)Base64\":\"\(Base64.encode(bytes))\"".utf8)
        }
    }
}
