import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

/// A log whose end a power loss tore: at every byte of its last batches (or at some, see `DamageSampler`), with nothing or
/// with zeros behind.
struct TornTailTests {
    private static let syncedBatches = 3
    private static let unsyncedBatches = 3

    /// The ends of the batches in the file, and the offsets behind them.
    private struct Written {
        var bytes: [UInt8] = []
        var ends: [(position: Int, offset: Int64)] = [(0, 0)]
        var synced: (position: Int, offset: Int64) = (0, 0)
        var files: [String: [UInt8]] = [:]

        func whole(before position: Int) -> (position: Int, offset: Int64) {
            ends.last { $0.position <= position } ?? (0, 0)
        }
    }

    private static func write(_ compression: Compression) throws -> Written {
        let disk = SimulatedFileSystem(seed: 2)
        let harness = try LogHarness(disk, "/t-0")
        var written = Written()
        for index in 0..<(syncedBatches + unsyncedBatches) {
            let isSynced = index < syncedBatches
            try harness.append(
                Batch(
                    count: 1 + index % 3, timestamp: 1_700_000_000_000 + Int64(index), valueSize: 40 + index * 13,
                    fill: UInt8(0x61 + index), compression: compression,
                    producer: (Int64(1 + index % 2), 0, Int32(index))
                ).bytes, sync: isSynced)
            written.ends.append((try disk.content("/t-0/" + firstLog).count, harness.log.logEndOffset))
            if isSynced { written.synced = written.ends[index + 1] }
        }
        for name in try disk.list("/t-0") { written.files[name] = try disk.content("/t-0/" + name) }
        written.bytes = try disk.content("/t-0/" + firstLog)
        return written
    }

    /// The log as it is opened after the power loss.
    private static func open(_ written: Written, _ content: [UInt8]) throws -> LogHarness {
        let disk = SimulatedFileSystem(seed: 2)
        try disk.createDirectory("/t-0")
        for (name, bytes) in written.files {
            try disk.open("/t-0/" + name, .replace).writeAll(name == firstLog ? content : bytes, at: 0)
        }
        return try LogHarness(disk, "/t-0", afterCrashWith: written.synced.offset)
    }

    @Test(arguments: Compression.allCases) func whatIsWholeStays(compression: Compression) throws {
        let written = try TornTailTests.write(compression)
        var cases = 0
        var sampler = DamageSampler(each: 3)
        for size in written.synced.position..<written.bytes.count where sampler.takesNext() {
            let kept = Array(written.bytes[..<size])
            let zeros = [UInt8](repeating: 0, count: written.bytes.count - size)
            for content in [kept, kept + zeros, kept + zeros + zeros] {
                let harness = try TornTailTests.open(written, content)
                // Zeros may be what stood there.
                var whole = written.whole(before: size)
                while let next = written.ends.first(where: { $0.position > whole.position }),
                    content.count >= next.position, content[..<next.position] == written.bytes[..<next.position]
                { whole = next }
                guard harness.log.logEndOffset == whole.offset, harness.log.syncedOffset == whole.offset else {
                    Issue.record("torn at \(size): ends at \(harness.log.logEndOffset), not \(whole.offset)")
                    return
                }
                #expect(try harness.bytes(from: 0) == Array(written.bytes[..<whole.position]))
                #expect(harness.events.allSatisfy { $0.level != .error })
                #expect(try harness.append(Batch()).baseOffset == whole.offset)
                cases += 1
            }
        }
        print("torn tail: \(compression) cases=\(cases)")
    }

    /// What is missing below the synced offset is not the work of a power loss: it is said, and nothing wrong is served.
    @Test(arguments: Compression.allCases) func aTornEndThatWasSyncedIsNamed(compression: Compression) throws {
        let written = try TornTailTests.write(compression)
        var sampler = DamageSampler(each: 3)
        for size in 0..<written.synced.position where sampler.takesNext() {
            let kept = Array(written.bytes[..<size])
            for content in [kept, kept + [UInt8](repeating: 0, count: written.bytes.count - size)] {
                if content.starts(with: written.bytes[..<written.synced.position]) { continue }
                let harness = try TornTailTests.open(written, content)
                let whole = written.ends.last { content.starts(with: written.bytes[..<$0.position]) } ?? (0, 0)
                // At the opening, or to whoever reads it.
                var isNamed = harness.events.contains { $0.level == .error }
                if case .corrupt = harness.read(from: whole.offset, maximumBytes: 1) { isNamed = true }
                #expect(isNamed, "torn at \(size)")
                guard whole.offset > 0 else { continue }
                #expect(try harness.bytes(from: 0, upTo: whole.offset) == Array(written.bytes[..<whole.position]))
            }
        }
    }
}
