import Bytes
import CAllocations
import Foundation
import Testing

@testable import Records

/// Streams of 1 MiB that hold gigabytes.
enum Bomb {
    static func bytes(_ compression: Compression) -> [UInt8] {
        switch compression {
        case .none: []
        case .gzip: filled(CodecTests.pack([UInt8](repeating: 0, count: 10 << 20), .gzip), header: [])
        case .snappy:
            // A literal of one byte, then copies of 64 bytes from offset 1: the most that a block can hold.
            filled([0xFE, 1, 0], header: [0xFF, 0xFF, 0xFF, 0x0A, 0, 0])
        case .lz4: lz4
        // Blocks of 128 KiB that repeat one byte.
        case .zstd: filled(hex("02001000"), header: hex("28b52ffd 00 58"))
        }
    }

    static func filled(_ part: [UInt8], header: [UInt8]) -> [UInt8] {
        var bytes = header
        bytes.reserveCapacity(1 << 20)
        while bytes.count < 1 << 20 { bytes.append(contentsOf: part) }
        return bytes
    }

    /// A block of the frame, again and again.
    private static var lz4: [UInt8] {
        let frame = CodecTests.pack([UInt8](repeating: 0, count: 64 << 10), .lz4)
        return filled(Array(frame[7..<frame.count - 4]), header: Array(frame[..<7]))
    }
}

@Suite struct CodecBombTests {
    @Test(arguments: CodecTests.codecs)
    func refusedAtTheLimit(_ compression: Compression) {
        let scratch = CodecScratch()
        let bomb = Bomb.bytes(compression)
        for limit in [0, 1, 100_000, 1 << 20, 5_000_000] {
            #expect(throws: CodecError.tooLarge) {
                try CodecTests.unpack(bomb, compression, limit: limit, scratch: scratch)
            }
            #expect(scratch.output.capacity <= max(2 * limit, CodecScratch.retainedCapacity))
        }
    }

    /// In a process of its own, whose peak of memory nothing else raises.
    @Test(.enabled(if: allocations_are_counted() != 0, "a sanitizer takes memory for itself"))
    func memoryStaysBounded() async {
        await #expect(processExitsWith: .success) {
            let bombs = CodecTests.codecs.map { ($0, Bomb.bytes($0)) }
            let limit = 64 << 20
            let before = try memory("VmRSS:")
            for (compression, bomb) in bombs where compression != .snappy {
                #expect(throws: CodecError.tooLarge) { try CodecTests.unpack(bomb, compression, limit: limit) }
            }
            let growth = try memory("VmHWM:") - before
            #expect(growth < limit + (24 << 20), "\(growth >> 20) MiB")
        }
    }
}

/// A number of bytes that the kernel keeps of this process.
private func memory(_ name: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name) })
    return try #require(line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }) << 10
}
