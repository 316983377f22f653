import Bytes
import Foundation
import Testing

@testable import Records

/// What we pack is read by other libraries, and the other way around. `MARTLET_TEST_PYTHON` names a Python that has
/// cramjam, python-snappy, lz4 and zstandard.
@Suite struct CodecInteropTests {
    static let sizes = [0, 1, 17, 60, 4096, 32_768, 32_769, 65_536, 65_537, 300_000, 5_000_000]

    final class Folder {
        let url = FileManager.default.temporaryDirectory.appending(path: "martlet-codecs-\(UUID().uuidString)")

        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: url.appending(path: name)) }

        func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url.appending(path: name))) }

        var packed: [String] {
            get throws {
                try FileManager.default.contentsOfDirectory(atPath: url.path).filter { $0.hasSuffix(".packed") }
                    .sorted()
            }
        }

        func writePlainFiles() throws -> [String: [UInt8]] {
            var generator = SeededGenerator(seed: 11)
            var plain: [String: [UInt8]] = [:]
            for size in CodecInteropTests.sizes {
                plain["text\(size)"] = generator.text(count: size)
                plain["noise\(size)"] = generator.bytes(count: size)
            }
            for (name, bytes) in plain { try write(bytes, "\(name).plain") }
            return plain
        }
    }

    func interpreter() -> String? {
        let path = ProcessInfo.processInfo.environment["MARTLET_TEST_PYTHON"]
        if path == nil { print("SKIPPED: MARTLET_TEST_PYTHON is not set") }
        return path
    }

    /// What the script printed, or nil where Python lacks a library.
    func run(_ python: String, _ action: String, _ folder: Folder) throws -> String? {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Interop/codecs.py")
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [script.path, action, folder.url.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus == 3 {
            print("SKIPPED: Python lacks \(text)")
            return nil
        }
        #expect(process.terminationStatus == 0, "\(text)")
        return text
    }

    @Test func othersReadOurs() throws {
        guard let python = interpreter() else { return }
        let folder = try Folder()
        var expected = 0
        for (name, bytes) in try folder.writePlainFiles() {
            for compression in CodecTests.codecs {
                let levels =
                    bytes.count > 1_000_000 ? [] : [compression.levels?.lowerBound, compression.levels?.upperBound]
                for level in Set(levels.compactMap { $0 } + [compression.defaultLevel]) {
                    let packed = CodecTests.pack(bytes, compression, level: level)
                    try folder.write(packed, "\(name).\(compression.name).level\(level).packed")
                    expected += 1
                }
            }
        }
        guard let checked = try run(python, "check", folder) else { return }
        #expect(checked == "\(expected)\n")
    }

    @Test func weReadOthers() throws {
        guard let python = interpreter() else { return }
        let folder = try Folder()
        let plain = try folder.writePlainFiles()
        guard try run(python, "make", folder) != nil else { return }
        let scratch = CodecScratch()
        let files = try folder.packed
        #expect(files.count > 400)
        for file in files {
            let parts = file.split(separator: ".")
            let compression = try #require(Compression(name: String(parts[1])))
            let unpacked = try CodecTests.unpack(try folder.read(file), compression, scratch: scratch)
            #expect(unpacked == plain[String(parts[0])], "\(file)")
        }
    }
}
