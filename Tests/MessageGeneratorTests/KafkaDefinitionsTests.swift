import Foundation
import Testing

@testable import MessageGenerator

/// Our notation against Kafka's own definitions, where they are at hand.
@Suite("The notation says what Kafka's definitions say")
struct KafkaDefinitionsTests {
    typealias Object = [String: Any]

    @Test func allMessages() throws {
        guard let home = ProcessInfo.processInfo.environment["WIRE_HOME"] else {
            print("SKIPPED: WIRE_HOME is not set, no Kafka definitions to compare with")
            return
        }
        let definitions = try KafkaDefinitionsTests.definitions(in: "\(home)/protocol/messages-4.3")
        let schemas = try readSchemas()
        var compared: Set<String> = []
        for schema in schemas {
            for message in schema.messages {
                let definition = try #require(definitions[message.name], "Kafka has no \(message.name)")
                compare(message, of: schema, with: definition)
                compared.insert(message.name)
            }
        }
        let removed = ["LeaderAndIsr", "StopReplica", "UpdateMetadata", "ControlledShutdown"]
        let expected = Set(definitions.keys).subtracting(removed.flatMap { ["\($0)Request", "\($0)Response"] })
        #expect(compared == expected)
        print("\(compared.count) messages compared")
    }

    static func definitions(in folder: String) throws -> [String: Object] {
        var definitions: [String: Object] = [:]
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
        for file in files {
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            let code = text.replacing(#/^\s*//.*$/#.anchorsMatchLineEndings(), with: "")
                .replacing(#/\/\/[^"\n]*$/#.anchorsMatchLineEndings(), with: "")
                .replacing(#/,(\s*[}\]])/#, with: { $0.1 })
            let object = try #require(try JSONSerialization.jsonObject(with: Data(code.utf8)) as? Object, "\(file)")
            let name = try #require(object["name"] as? String)
            definitions[name] = object
        }
        return definitions
    }

    private func range(_ value: Any?, within bounds: VersionRange) -> VersionRange {
        guard let text = value as? String, text != "none" else { return .empty }
        if text.hasSuffix("+") {
            let first = Int16(text.dropLast()) ?? -1
            return VersionRange(first: first, last: bounds.last).intersection(bounds)
        }
        let ends = text.split(separator: "-").compactMap { Int16($0) }
        return VersionRange(first: ends[0], last: ends[ends.count - 1]).intersection(bounds)
    }

    private func compare(_ message: Message, of schema: Schema, with definition: Object) {
        let all = VersionRange(first: 0, last: .max)
        let name = message.name
        #expect(range(definition["validVersions"], within: all) == message.versions, "\(name)")
        let flexible = range(definition["flexibleVersions"], within: message.versions)
        #expect((flexible.isEmpty ? nil : flexible.first) == message.flexibleFrom, "\(name)")
        #expect((definition["latestVersionUnstable"] as? Bool ?? false) == message.newestIsUnstable, "\(name)")
        if message.kind == .request {
            #expect((definition["apiKey"] as? Int).map { Int16($0) } == schema.api?.key, "\(name)")
            #expect(definition["listeners"] as? [String] == schema.api?.listeners, "\(name)")
        }
        if case .record(let type) = message.kind {
            #expect((definition["apiKey"] as? Int).map { Int16($0) } == type, "\(name)")
        }
        let common = definition["commonStructs"] as? [Object] ?? []
        let context = Context(message: message, common: common)
        compare(message.fields, with: definition["fields"], versions: message.versions, in: context, path: name)
        for structure in common {
            let name = structure["name"] as? String ?? ""
            let ours = message.structures.first { $0.name == name }
            let path = "\(message.name).\(name)"
            compare(ours?.fields ?? [], with: structure["fields"], versions: message.versions, in: context, path: path)
        }
    }

    private struct Context {
        let message: Message
        let common: [Object]
    }

    private func compare(
        _ fields: [Field], with definitions: Any?, versions: VersionRange, in context: Context, path: String
    ) {
        let fields = fields.filter { !$0.isOwn }
        let present = (definitions as? [Object] ?? []).filter { definition in
            !range(definition["versions"] ?? definition["taggedVersions"], within: versions).isEmpty
        }
        let names = present.map { ($0["name"] as? String ?? "").lowercased() }
        #expect(names == fields.map { $0.name.lowercased() }, "\(path)")
        guard present.count == fields.count else { return }
        for (field, definition) in zip(fields, present) {
            compare(field, with: definition, versions: versions, in: context, path: "\(path).\(field.name)")
        }
    }

    private func compare(
        _ field: Field, with definition: Object, versions: VersionRange, in context: Context, path: String
    ) {
        let present = range(definition["versions"] ?? definition["taggedVersions"], within: versions)
        #expect(present == field.versions, "\(path)")
        let nullable = range(definition["nullableVersions"], within: present)
        #expect(nullable.isEmpty ? field.nullable.isEmpty : nullable == field.nullable, "\(path)")
        #expect((definition["tag"] as? Int).map { UInt32($0) } == field.tag, "\(path)")
        if definition["taggedVersions"] != nil {
            #expect(range(definition["taggedVersions"], within: versions) == field.versions, "\(path)")
        }
        #expect((definition["ignorable"] as? Bool ?? false) == field.isIgnorable, "\(path)")
        #expect((definition["mapKey"] as? Bool ?? false) == field.isKey, "\(path)")
        #expect((definition["flexibleVersions"] as? String == "none") == field.isClassic, "\(path)")
        #expect(defaultValue(of: definition) == field.defaultValue, "\(path)")
        let type = definition["type"] as? String ?? ""
        #expect(type.replacing("records", with: "bytes") == notation(of: field.type), "\(path)")
        if let inner = definition["fields"] {
            let name = type.hasPrefix("[]") ? String(type.dropFirst(2)) : type
            let structure = context.message.structures.first { $0.name == name }
            compare(structure?.fields ?? [], with: inner, versions: present, in: context, path: path)
        }
    }

    private func notation(of type: FieldType) -> String {
        switch type {
        case .scalar(let scalar): scalar.rawValue
        case .string: "string"
        case .bytes: "bytes"
        case .structure(let name): name
        case .array(let element): "[]" + notation(of: element)
        }
    }

    private func defaultValue(of definition: Object) -> DefaultValue {
        guard let value = definition["default"] else { return .zero }
        if value is NSNull || value as? String == "null" { return .null }
        let text = (value as? String) ?? "\(value)"
        if definition["type"] as? String == "bool" { return text == "true" || text == "1" ? .yes : .zero }
        if text.hasPrefix("0x") { return .number(Int64(text.dropFirst(2), radix: 16) ?? 0) }
        guard let number = Int64(text), number != 0 else { return .zero }
        return .number(number)
    }
}
