import Foundation
import Testing

@testable import MessageGenerator

/// The folder of the package.
let packageFolder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

func readSchemas() throws -> [Schema] {
    try Directory.read(packageFolder.appendingPathComponent("Schemas").path, suffix: ".message")
        .map { try SchemaParser.parse($0.text, name: $0.name) }
}

@Suite("The generated code")
struct GeneratedFilesTests {
    @Test("The code in the repository is what the generator writes")
    func checkedIn() throws {
        let schemas = packageFolder.appendingPathComponent("Schemas").path
        let files = try GeneratedFiles.make(from: Directory.read(schemas, suffix: ".message"))
        #expect(files.count > 90)
        for (path, text) in files {
            let stored = try String(contentsOf: packageFolder.appendingPathComponent(path), encoding: .utf8)
            #expect(stored == text, "run `make generate`: \(path)")
        }
        for module in ["KafkaProtocol", "KafkaProtocolMore"] {
            let folder = packageFolder.appendingPathComponent("Sources/\(module)/Generated")
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                #expect(files["Sources/\(module)/Generated/\(name)"] != nil, "\(name) is not generated any more")
            }
        }
    }

    private func code(_ text: String) throws -> String {
        MessageCode.file(try SchemaParser.parse("data Sample 0-9 flexible 5+ {\n\(text)\n}", name: "Sample"))
    }

    @Test("A field that a version lacks is read and written only where it is")
    func versions() throws {
        let source = try code("a: int32 3-7\nb: int16 3-7 ignorable\nc: bool 9+ = true")
        #expect(source.contains("if (3...7).contains(version) {\n            a = try cursor.int32()"))
        #expect(source.contains("} else if a != 0 { throw .unsupportedField }"))
        #expect(source.contains("if version >= 9 { c = try cursor.bool() }"))
        #expect(source.contains("if version >= 9 { writer.write(c) } else if !c { throw .unsupportedField }"))
    }

    @Test("Names that Swift or the generated functions use are told apart")
    func names() throws {
        let source = try code("version: int16\nprotocol: string")
        #expect(source.contains("self.version = try cursor.int16()"))
        #expect(source.contains("public var `protocol` = \"\""))
    }

    @Test("The smallest size of an element is exact in each version")
    func minimumSizes() throws {
        let source = try code("p: [Part] {\n a: int32\n b: string 2+\n c: [int64]\n d: uuid 8+\n e: int8 6+ tag 0\n}")
        // 4 + 4; 4 + 2 + 4; 4 + 1 + 1 + 1 tag section; the same + 16.
        #expect(source.contains("{ version >= 8 ? 23 : version >= 5 ? 7 : version >= 2 ? 10 : 8 }"))
    }
}
