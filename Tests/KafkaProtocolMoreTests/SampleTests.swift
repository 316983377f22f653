import Foundation
import MessageCodecs
import Testing

@testable import MessageGenerator

/// Bytes made from the notation by other means than the generated code.
@Suite("Bytes made from the notation")
struct SampleTests {
    @Test("decode and encode again to the same bytes")
    func random() throws {
        var random = SplitMix(seed: printedSeed("samples"))
        var count = 0
        try Schemas.forEachVersion { message, version, codec in
            for _ in 0..<10 {
                let sample = Sample(message, version: version, content: .random, using: &random)
                let output = try sample.bytes.withUnsafeBytes { try codec.reencode($0, version) }
                if output.bytes != sample.bytes || output.trailing != 0 {
                    Issue.record("\(message.name) v\(version): \(hex(sample.bytes)) became \(hex(output.bytes))")
                }
                count += 1
            }
        }
        print("\(count) samples")
    }

    @Test("are read in full when something follows them")
    func trailing() throws {
        var random = SplitMix(seed: printedSeed("trailing bytes"))
        try Schemas.forEachVersion { message, version, codec in
            let sample = Sample(message, version: version, content: .random, using: &random)
            let output = try (sample.bytes + [1, 2, 3]).withUnsafeBytes { try codec.reencode($0, version) }
            if output.bytes != sample.bytes || output.trailing != 3 { Issue.record("\(message.name) v\(version)") }
        }
    }

    @Test("stay what they were when the file of vectors was written")
    func stored() throws {
        let file = Schemas.testFolder.appendingPathComponent("Resources/vectors.txt")
        if ProcessInfo.processInfo.environment["WRITE_VECTORS"] != nil { try SampleTests.write(to: file) }
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        var names: Set<String> = []
        for line in lines {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            let codec = try #require(Codec.all[String(words[0])])
            let version = try #require(Int16(words[1]))
            let input = bytes(hex: words[2])
            let output = try input.withUnsafeBytes { try codec.reencode($0, version) }
            if output.bytes != input || output.trailing != 0 { Issue.record("\(words[0]) v\(version)") }
            names.insert(codec.name)
        }
        #expect(names == Set(Codec.all.keys))
        print("\(lines.count) stored vectors")
    }

    /// One vector of every message and version; lines are name, version, bytes.
    private static func write(to file: URL) throws {
        var random = SplitMix(seed: 43)
        var text = "# Made from Schemas by SampleTests with WRITE_VECTORS=1.\n"
        Schemas.forEachVersion { message, version, _ in
            let sample = Sample(message, version: version, content: .random, using: &random)
            text += "\(message.name) \(version) \(hex(sample.bytes))\n"
        }
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
}
