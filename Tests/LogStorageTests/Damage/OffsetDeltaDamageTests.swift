import Files
import LogStorage
import Records
import Simulator
import Testing

/// Bits flipped in a batch's last offset, by which readers find their way: the records of that batch are said to be lost,
/// and all others are read.
struct OffsetDeltaDamageTests {
    private static let batchCount: Int64 = 12
    /// Three offsets, so that there are lower ones that a flip can make of the last.
    private static let count: Int64 = 3
    private static let end = batchCount * count
    private static let deltaPosition = 23

    private let disk = SimulatedFileSystem(seed: 8)
    private let harness: LogHarness

    init() throws {
        harness = try LogHarness(disk, "/t-0", configuration: .tiny)
        for index in 0..<Self.batchCount {
            try harness.append(
                Batch(count: 3, timestamp: 1_700_000_000_000 + index * 1000, valueSize: 40, fill: UInt8(0x61 + index)))
        }
    }

    /// How a log is opened after the damage.
    enum Opening: CaseIterable {
        case clean, unclean
        /// So that all segments are walked over.
        case uncleanWithoutSnapshots
    }

    /// The batches of the first, the second and the last segment.
    private func places() throws -> [(name: String, position: Int, base: Int64)] {
        let names = try disk.list("/t-0").filter { $0.hasSuffix(".log") }.sorted()
        return try [names[0], names[1], try #require(names.last)].flatMap { name in
            let bytes = try harness.content(name)
            var found: [(name: String, position: Int, base: Int64)] = []
            try bytes.withUnsafeBytes { buffer in
                var batches = RecordBatches(buffer)
                while let batch = try batches.next() {
                    let position = buffer.count - batches.remaining - batch.header.totalSize
                    found.append((name, position, batch.header.baseOffset))
                }
            }
            return found
        }
    }

    private func open(_ opening: Opening) throws {
        try harness.reopen(cleanly: opening == .clean, closing: false, recoveryPoint: Self.end)
    }

    /// What is read from `offset` is what was written there, or is said to be lost if that is so of its batch.
    private func check(_ offset: Int64, damaged: Int64, upTo: Int64, _ written: [[UInt8]], _ what: String) throws {
        let base = offset / Self.count * Self.count
        let isLost = base == damaged
        switch harness.read(from: offset, maximumBytes: 1, upTo: upTo) {
        case .corrupt(let range):
            #expect(
                isLost && range == base..<(base + Self.count), "\(what): \(offset) is in \(range)")
        case .bytes(let read):
            var bytes = [UInt8](repeating: 0, count: read.count)
            _ = try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) }
            #expect(
                !isLost && bytes == written[Int(base / Self.count)], "\(what): \(offset) was read")
            #expect(
                read.nextOffset == base + Self.count, "\(what): \(offset) leads to \(read.nextOffset)"
            )
        case let other: Issue.record("\(what): \(offset) is \(other)")
        }
    }

    @Test(arguments: Opening.allCases) func whatItHeldIsSaidToBeLost(opening: Opening) throws {
        let written = try (0..<Self.batchCount).map {
            try harness.bytes(from: $0 * Self.count, maximumBytes: 1)
        }
        _ = try harness.log.close()?.perform()
        var files: [String: [UInt8]] = [:]
        for name in try disk.list("/t-0") where opening != .uncleanWithoutSnapshots || !name.hasSuffix(".snapshot") {
            files[name] = try harness.content(name)
        }
        let places = try places()
        #expect(Set(places.map(\.name)).count == 3 && places.count > 6)
        var sampler = DamageSampler(each: 7)
        for (name, position, base) in places {
            for bit in 0..<32 where sampler.takesNext() {
                for name in try disk.list("/t-0") where files[name] == nil { try disk.removeFile("/t-0/\(name)") }
                var damaged = files
                damaged[name]?[position + Self.deltaPosition + 3 - bit / 8] ^= 1 << UInt8(bit % 8)
                let what = "\(name) at \(position), bit \(bit)"
                for (name, bytes) in damaged { try harness.replace(name, with: bytes) }
                try open(opening)
                #expect(harness.log.logEndOffset == Self.end, "\(what)")
                // One after the other, and each with nothing known of the others.
                for offset in 0..<Self.end {
                    try check(offset, damaged: base, upTo: Self.end, written, what)
                }
                for offset in stride(from: Self.end - 1, through: 0, by: -1) {
                    try open(opening)
                    let next = (offset / Self.count + 1) * Self.count
                    try check(offset, damaged: base, upTo: next, written, what)
                }
                // Damage at the end of the log gets a segment behind it.
                let segments = Set(try disk.list("/t-0").filter { $0.hasSuffix(".log") && !$0.contains("\(Self.end)") })
                #expect(segments == Set(files.keys.filter { $0.hasSuffix(".log") }), "\(what)")
            }
        }
    }
}
