import Foundation
import KafkaProtocol
import MessageCodecs

@testable import MessageGenerator

enum Schemas {
    static let testFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// All messages of the notation.
    static let messages: [Message] = {
        let folder = testFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "Schemas")
        do {
            return try Directory.read(folder.path, suffix: ".message")
                .flatMap { try SchemaParser.parse($0.text, name: $0.name).messages }
        } catch {
            fatalError("\(error)")
        }
    }()

    /// Calls `body` with every message in every version.
    static func forEachVersion(_ body: (Message, Int16, Codec) throws -> Void) rethrows {
        for message in messages {
            guard let codec = Codec.all[message.name] else { fatalError("no codec for \(message.name)") }
            for version in message.versions.first...message.versions.last { try body(message, version, codec) }
        }
    }
}

/// The seed of a random test: `SEED` of the environment, or a new one.
func printedSeed(_ purpose: String) -> UInt64 {
    let seed = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    print("\(purpose): SEED=\(seed)")
    return seed
}
