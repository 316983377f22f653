import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

/// Damage to what lies outside the checksums, and to what only the indexes tell.
struct LogDamageTests {
    private let disk = SimulatedFileSystem(seed: 6)
    private let harness: LogHarness

    init() throws {
        harness = try LogHarness(disk, "/t-0", configuration: .tiny)
        for index in 0..<12 {
            try harness.append(
                Batch(count: 2, timestamp: 1_700_000_000_000 + Int64(index) * 1000, valueSize: 60),
                leaderEpoch: Int32(index / 5))
        }
    }

    private func logNames() throws -> [String] { try disk.list("/t-0").filter { $0.hasSuffix(".log") } }

    private func positions(_ bytes: [UInt8]) throws -> [Int] { try bytes.withUnsafeBytes { try batchPositions($0) } }

    /// A base offset that is too high in a segment's last batch: what follows is not taken for what a roll has left.
    @Test(arguments: [true, false], [0, 24] as [Int64]) func aSegmentThatSeemsToEndTooLateCostsNoOther(
        isClean: Bool, recoveryPoint: Int64
    ) throws {
        let all = try harness.offsets()
        _ = try harness.log.close()?.perform()
        let name = try logNames()[1]
        var bytes = try harness.content(name)
        let last = try #require(try positions(bytes).last)
        bytes[last + 6] ^= 1
        try harness.replace(name, with: bytes)
        let names = try logNames()
        try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: isClean ? 24 : recoveryPoint)
        if isClean || recoveryPoint == 24 {
            #expect(try logNames() == names)
            let next = try #require(Int64(names[2].prefix(20)))
            guard case .corrupt(let range) = harness.read(from: next - 1) else { Issue.record("was read"); return }
            #expect(range == (next - 2)..<next)
            #expect(try harness.offsets(from: next) == all.filter { $0.lowerBound >= next })
        } else {
            // Nothing was known to be durable: the log is cut there, and all behind is kept.
            #expect(harness.events.contains { $0.isCut && $0.level == .error })
            #expect(try disk.list("/t-0").filter { $0.hasSuffix(".cut") }.count == names.count - 1)
        }
    }

    /// A base offset for which the segment's indexes have no room, though the next segment begins behind it.
    @Test func aBatchThatNoIndexHasRoomForIsCutAtOnce() throws {
        let disk = SimulatedFileSystem(seed: 3)
        let harness = try LogHarness(disk, "/far-0")
        for _ in 0..<2 { try harness.append(Batch(count: 5)) }
        _ = try harness.log.close()?.perform()
        let name = "00000000000000000000.log"
        var bytes = try harness.content(name)
        bytes[try positions(bytes)[1] + 2] ^= 1
        try harness.replace(name, with: bytes)
        try harness.replace("02305843009213693952.log", with: [1, 2, 3])
        try harness.reopen(cleanly: false, closing: false, recoveryPoint: 0)
        let served = try harness.offsets()
        #expect(served.count == 1 && harness.log.logEndOffset == 5)
        try harness.reopen(cleanly: false, recoveryPoint: 5)
        #expect(try harness.offsets() == served && harness.log.logEndOffset == 5)
    }

    /// A leader epoch that no batch there can have is not handed out.
    @Test(arguments: [true, false]) func aWrongLeaderEpochIsNotServed(isClean: Bool) throws {
        let all = try harness.offsets()
        _ = try harness.log.close()?.perform()
        for (index, name) in try logNames().enumerated() {
            let whole = try harness.content(name)
            for position in try positions(whole) {
                var bytes = whole
                bytes[position + 15] ^= 8
                try harness.replace(name, with: bytes)
                try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: 24)
                let base = bytes[position..<(position + 8)].reduce(Int64(0)) { $0 << 8 | Int64($1) }
                guard case .corrupt = harness.read(from: base) else {
                    Issue.record("segment \(index), offset \(base) was read")
                    continue
                }
                #expect(harness.log.latestLeaderEpoch == 2)
                #expect(try harness.offsets(from: base + 2) == all.filter { $0.lowerBound > base })
            }
            try harness.replace(name, with: whole)
        }
    }

    /// Retention by time goes by what the records say.
    @Test(arguments: [0x40, 0] as [UInt8]) func aWrongTimeDeletesNothing(flip: UInt8) throws {
        try harness.reopen()
        let name = try #require(try disk.list("/t-0").first { $0.hasSuffix(".timeindex") })
        var bytes = try harness.content(name)
        if flip == 0 {
            bytes = []
        } else {
            bytes[bytes.count - 12 + 2] ^= 1
        }
        try harness.replace(name, with: bytes)
        try harness.reopen(closing: false)
        harness.configuration.retentionMs = 60_000
        harness.log.configure(harness.configuration)
        let now: Int64 = 1_700_000_030_000
        #expect(harness.log.enforceRetention(now: now, highWatermark: 24) == nil, "before anything is known")
        harness.settle(harness.log.confirmTimes(now: now))
        #expect(harness.log.enforceRetention(now: now, highWatermark: 24) == nil)
        harness.settle(harness.log.confirmTimes(now: now + 60_000))
        let deletion = try #require(harness.log.enforceRetention(now: now + 60_000, highWatermark: 24))
        #expect(deletion.segments.allSatisfy { $0.reason == .time })
    }
}
