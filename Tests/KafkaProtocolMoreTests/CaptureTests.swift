import Bytes
import Foundation
import KafkaProtocol
import MessageCodecs
import Testing

/// Frames of real clients and of Apache Kafka, where they are at hand.
@Suite("Captured frames")
struct CaptureTests {
    private struct Row: Decodable {
        let direction: String
        let api: String
        let version: Int16
        /// The version in which an ApiVersions response is written, where that is not the one asked for.
        let formVersion: Int16?
        let hex: String
    }

    @Test("decode and encode again to the same bytes")
    func captures() throws {
        guard let home = ProcessInfo.processInfo.environment["WIRE_HOME"] else {
            print("SKIPPED: WIRE_HOME is not set, no captured frames")
            return
        }
        let folder = "\(home)/wire/captures"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
        var count = 0
        for file in files.sorted() {
            let lines = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8).split(separator: "\n")
            for line in lines {
                let row = try JSONDecoder().decode(Row.self, from: Data(line.utf8))
                let frame = bytes(hex: row.hex)
                let again = try row.direction == "request" ? request(frame) : response(frame, row)
                #expect(again == frame, "\(file): \(row.api) v\(row.version) \(row.direction)")
                count += 1
            }
        }
        #expect(count > 0)
        print("\(count) captured frames in \(files.count) files")
    }

    private func request(_ frame: [UInt8]) throws -> [UInt8] {
        try frame.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            let header = try RequestHeader(from: &cursor)
            var writer = ByteWriter()
            try header.encode(into: &writer)
            let key = try #require(header.apiKey)
            let codec = try #require(Codec.all[key.name + "Request"])
            return writer.bytes + (try codec.reencode(cursor.rest, header.requestApiVersion).bytes)
        }
    }

    private func response(_ frame: [UInt8], _ row: Row) throws -> [UInt8] {
        try frame.withUnsafeBytes { bytes in
            let key = try #require(ApiKey.allCases.first { $0.name == row.api })
            let version = row.formVersion ?? row.version
            let headerVersion = key.responseHeaderVersion(version)
            var cursor = ByteCursor(bytes)
            let header = try ResponseHeader(from: &cursor, headerVersion: headerVersion)
            var writer = ByteWriter()
            header.encode(into: &writer, headerVersion: headerVersion)
            let codec = try #require(Codec.all[key.name + "Response"])
            return writer.bytes + (try codec.reencode(cursor.rest, version).bytes)
        }
    }
}
