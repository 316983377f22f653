import Bytes
import Foundation
import KafkaProtocol
import MessageCodecs
import Testing

/// Bytes that another codec made of every message and version, where they are at hand.
@Suite("Bytes of another codec")
struct WireVectorTests {
    private struct Vector: Decodable {
        let message: String
        let version: Int16
        let kind: String
        let bytes: String
    }

    @Test("decode and encode again to the same bytes")
    func vectors() throws {
        guard let home = ProcessInfo.processInfo.environment["WIRE_HOME"] else {
            print("SKIPPED: WIRE_HOME is not set, no vectors of another codec")
            return
        }
        let lines = try String(contentsOfFile: "\(home)/wire/vectors.jsonl", encoding: .utf8).split(separator: "\n")
        var expected: [UInt8] = []
        var counts: [String: Int] = [:]
        var versions: [String: Set<Int16>] = [:]
        for line in lines {
            let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
            let input = bytes(hex: vector.bytes)
            // A line with unknown tags has the values of the line before.
            if vector.kind != "unknown tags" { expected = input }
            let place = "\(vector.message) v\(vector.version) \(vector.kind)"
            let codec = try #require(Codec.all[vector.message], "no \(vector.message)")
            let output = try input.withUnsafeBytes { try codec.reencode($0, vector.version) }
            #expect(output.bytes == expected && output.trailing == 0, "\(place)")
            counts[vector.kind, default: 0] += 1
            versions[vector.message, default: []].insert(vector.version)
        }
        #expect(Set(versions.keys) == Set(Codec.all.keys))
        for type in allMessages { #expect(versions[String(describing: type)] == Set(type.versions), "\(type)") }
        print("\(lines.count) vectors: \(counts)")
    }
}
