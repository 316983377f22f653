import KafkaClientCore
import Records

/// Why a line of input is no record.
struct LineError: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// Makes records from lines of input.
struct RecordParser {
    enum Input {
        /// The line is the value; with a separator, a key stands in front of it.
        case text(keySeparator: [UInt8]?)
        /// The line is a JSON object, in the form that `martlet consume --json` writes.
        case json
    }

    let topic: String
    let input: Input
    /// What the line does not say itself.
    var key: [UInt8]?
    var partition: Int32?
    /// Whether partitions that lines name are passed over, so that keys decide.
    var ignoresPartitions = false
    var timestamp: Int64?
    var headers: [RecordHeader] = []
    /// A value that is this text is a tombstone.
    var nullText: [UInt8]?

    func record(_ line: [UInt8]) throws(LineError) -> ProducerRecord {
        var record = ProducerRecord(
            topic: topic, partition: partition, timestamp: timestamp, key: key, value: line, headers: headers)
        switch input {
        case .text(let separator):
            if let separator {
                guard let position = line.firstPosition(of: separator) else {
                    throw LineError(description: "there is no key separator in it")
                }
                record.key = Array(line[..<position])
                record.value = Array(line[(position + separator.count)...])
            }
            if let nullText, record.value == nullText { record.value = nil }
        case .json:
            record.value = nil
            try fill(&record, from: line)
        }
        return record
    }

    private func fill(_ record: inout ProducerRecord, from line: [UInt8]) throws(LineError) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(line)
        } catch {
            throw LineError(description: "\(error)")
        }
        guard case .object(let members, _) = json else { throw LineError(description: "it is not a JSON object") }
        var hasValue = false
        for member in members {
            switch (member.name, member.value) {
            case ("key", let value): record.key = value.storedBytes
            case ("keyBase64", let value): record.key = try base64(value, member.name)
            case ("value", let value):
                record.value = value.storedBytes
                hasValue = true
            case ("valueBase64", let value):
                record.value = try base64(value, member.name)
                hasValue = true
            case ("headers", .array(let headers, _)):
                for header in headers { record.headers.append(try self.header(header)) }
            case ("headers", .null): break
            case ("partition", .number(let text)):
                guard let number = Int32(text), number >= 0 else { throw invalid(member.name) }
                // An option on the command line sends all records there, wherever they came from.
                if partition == nil, !ignoresPartitions { record.partition = number }
            case ("timestamp", .number(let text)):
                guard let number = Int64(text), number >= 0 else { throw invalid(member.name) }
                if timestamp == nil { record.timestamp = number }
            case ("partition", .null), ("timestamp", .null): break
            case ("topic", _), ("offset", _), ("timestampType", _): break
            case ("headers", _), ("partition", _), ("timestamp", _): throw invalid(member.name)
            default:
                throw LineError(
                    description: "it has \"\(member.name)\", which is none of key, value, headers, partition, timestamp"
                )
            }
        }
        guard hasValue else { throw LineError(description: "it has no \"value\" (null makes a tombstone)") }
    }

    private func header(_ json: JSON) throws(LineError) -> RecordHeader {
        guard case .object(let members, _) = json else { throw invalid("headers") }
        var key: String?
        var value: [UInt8]?
        for member in members {
            switch (member.name, member.value) {
            case ("key", .string(let text)): key = text
            case ("value", let json): value = json.storedBytes
            case ("valueBase64", let json): value = try base64(json, member.name)
            default: throw invalid("headers")
            }
        }
        guard let key else { throw LineError(description: "a header has no \"key\"") }
        return RecordHeader(key: key, value: value)
    }

    private func base64(_ json: JSON, _ name: String) throws(LineError) -> [UInt8] {
        guard case .string(let text) = json, let bytes = Base64.decode(text) else {
            throw LineError(description: "\"\(name)\" is not base64")
        }
        return bytes
    }

    private func invalid(_ name: String) -> LineError {
        switch name {
        case "headers": LineError(description: "\"headers\" is not a list like [{\"key\":\"a\",\"value\":\"b\"}]")
        case "timestamp": LineError(description: "\"timestamp\" is not a number of milliseconds since 1970")
        default: LineError(description: "\"\(name)\" is not a whole number from 0 on")
        }
    }
}

extension [UInt8] {
    /// Where `other` begins for the first time.
    fileprivate func firstPosition(of other: [UInt8]) -> Int? {
        guard let first = other.first else { return nil }
        var start = startIndex
        while let candidate = self[start...].firstIndex(of: first), candidate + other.count <= count {
            if self[candidate..<candidate + other.count].elementsEqual(other) { return candidate }
            start = candidate + 1
        }
        return nil
    }
}
