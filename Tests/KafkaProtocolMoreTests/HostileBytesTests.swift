import Bytes
import CAllocations
import KafkaProtocol
import MessageCodecs
import Testing

@testable import MessageGenerator

/// Whatever the bytes are, a decoder answers with a message or an error, and takes memory only in proportion to them.
///
/// Memory is measured by a malloc that counts, in the thread of the test: the most bytes live at any time while a
/// decoder runs.
@Suite("Hostile bytes")
struct HostileBytesTests {
    /// Live memory allowed for each byte of a frame, and for any frame at all. Three empty strings in an array are three
    /// bytes on the wire and 48 in memory.
    static let memoryPerByte = 24
    static let freeMemory = 4096

    private struct Outcome {
        var error: DecodeError?
        var peak: Int
    }

    private func decode(_ bytes: [UInt8], _ version: Int16, with codec: Codec) -> Outcome {
        let outcome = measure(bytes, version, with: codec)
        // The first use of a type may let the runtime take memory that it keeps.
        return isTooMuch(outcome, for: bytes) ? measure(bytes, version, with: codec) : outcome
    }

    private func measure(_ bytes: [UInt8], _ version: Int16, with codec: Codec) -> Outcome {
        bytes.withUnsafeBytes { bytes in
            allocations_begin()
            do throws(DecodeError) {
                try codec.decode(bytes, version)
                return Outcome(error: nil, peak: Int(allocations_peak()))
            } catch {
                return Outcome(error: error, peak: Int(allocations_peak()))
            }
        }
    }

    private func isTooMuch(_ outcome: Outcome, for bytes: [UInt8]) -> Bool {
        outcome.peak > bytes.count * HostileBytesTests.memoryPerByte + HostileBytesTests.freeMemory
    }

    @Test("A message cut off at any byte is an error")
    func truncated() {
        var random = SplitMix(seed: printedSeed("truncation"))
        var count = 0
        Schemas.forEachVersion { message, version, codec in
            let sample = Sample(message, version: version, content: .random, using: &random)
            for end in 0..<sample.bytes.count {
                let bytes = Array(sample.bytes[..<end])
                let outcome = decode(bytes, version, with: codec)
                if outcome.error == nil { Issue.record("\(message.name) v\(version) cut at \(end): \(hex(bytes))") }
                if isTooMuch(outcome, for: bytes) { Issue.record("\(message.name) v\(version): \(outcome.peak)") }
                count += 1
            }
        }
        print("\(count) truncated messages")
    }

    @Test(
        "A length or count that the bytes cannot hold is an error", arguments: [0x7FFF_FFFF, 0x7FFE_FFFE] as [UInt32])
    func lengths(value: UInt32) {
        var random = SplitMix(seed: printedSeed("lengths of \(value)"))
        var count = 0
        Schemas.forEachVersion { message, version, codec in
            let sample = Sample(message, version: version, content: .random, using: &random)
            for length in sample.lengths {
                let bytes = sample.replacing(length, with: value)
                let outcome = decode(bytes, version, with: codec)
                if outcome.error == nil {
                    Issue.record("\(message.name) v\(version) at \(length.position): \(hex(bytes))")
                }
                if isTooMuch(outcome, for: bytes) { Issue.record("\(message.name) v\(version): \(outcome.peak)") }
                count += 1
            }
        }
        print("\(count) lengths")
    }

    @Test("Random changes never trap")
    func mutations() {
        var random = SplitMix(seed: printedSeed("mutations"))
        var (count, valid) = (0, 0)
        Schemas.forEachVersion { message, version, codec in
            let sample = Sample(message, version: version, content: .random, using: &random)
            guard !sample.bytes.isEmpty else { return }
            for _ in 0..<160 {
                var bytes = sample.bytes
                for _ in 0...Int.random(in: 0..<4, using: &random) { mutate(&bytes, using: &random) }
                let outcome = decode(bytes, version, with: codec)
                if isTooMuch(outcome, for: bytes) {
                    Issue.record("\(message.name) v\(version): \(outcome.peak) for \(hex(bytes))")
                }
                if outcome.error == nil { valid += 1 }
                count += 1
            }
        }
        #expect(count >= 100_000)
        print("\(count) mutations, \(valid) of them still valid")
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout SplitMix) {
        let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
        let value = values[Int.random(in: 0..<values.count, using: &random)]
        guard !bytes.isEmpty else { return bytes.append(value) }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.insert(value, at: place)
        case 1: bytes.remove(at: place)
        case 2: bytes.removeSubrange(place...)
        case 3: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: bytes[place] = value
        }
    }

    @Test(
        "Arrays as long as the bytes allow take a small multiple of their memory",
        .enabled(if: allocations_are_counted() != 0, "a sanitizer has its own malloc"))
    func crowded() throws {
        var random = SplitMix(seed: 1)
        var ratios: [(ratio: Double, place: String)] = []
        Schemas.forEachVersion { message, version, codec in
            let sample = Sample(message, version: version, content: .crowded(400), using: &random)
            let outcome = decode(sample.bytes, version, with: codec)
            if outcome.error != nil { Issue.record("\(message.name) v\(version)") }
            if isTooMuch(outcome, for: sample.bytes) {
                Issue.record("\(message.name) v\(version): \(outcome.peak) for \(sample.bytes.count)")
            }
            let ratio = Double(outcome.peak) / Double(sample.bytes.count)
            ratios.append((ratio, "\(message.name) v\(version)"))
        }
        let worst = try #require(ratios.max { $0.ratio < $1.ratio })
        print("at most \(worst.ratio) bytes of memory for a byte: \(worst.place)")
    }
}
