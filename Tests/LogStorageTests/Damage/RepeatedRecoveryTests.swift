import Files
import LogStorage
import Records
import Simulator
import Testing

/// What a log answers to whoever reads all of it.
struct ServedLog: Equatable {
    var start: Int64
    var end: Int64
    /// Base and last offset of each batch that is read.
    var batches: [ClosedRange<Int64>] = []
}

extension LogHarness {
    /// Reads all that can be read, and steps over what is said to be lost.
    func served() throws -> ServedLog {
        var served = ServedLog(start: log.logStartOffset, end: log.logEndOffset)
        var next = served.start
        while next < served.end {
            switch read(from: next) {
            case .bytes(let found):
                var bytes = [UInt8](repeating: 0, count: found.count)
                _ = try bytes.withUnsafeMutableBytes { try found.segment.file.read(into: $0, at: found.position) }
                try bytes.withUnsafeBytes { buffer in
                    var batches = RecordBatches(buffer)
                    while let batch = try batches.next() {
                        served.batches.append(batch.header.baseOffset...batch.header.lastOffset)
                    }
                }
                next = max(found.nextOffset, next + 1)
            case .corrupt(let range): next = max(range.upperBound, next + 1)
            case .empty, .offsetOutOfRange: return served
            }
        }
        return served
    }
}

/// What recovery made of a damaged log is what another recovery finds, however that log was left.
struct RepeatedRecoveryTests {
    enum Leaving: CaseIterable {
        case cleanStop
        /// A crash before the checkpoint had the new end.
        case crash
        case crashAfterCheckpoint
    }

    /// The directory of a log, whose segments are given by their base offsets.
    private static func log(
        _ segments: [Int64: [UInt8]], isClean: Bool = false, recoveryPoint: Int64
    ) throws -> LogHarness {
        let disk = SimulatedFileSystem(seed: 8)
        try disk.createDirectory("/t-0")
        for (base, bytes) in segments {
            let digits = String(base)
            let name = String(repeating: "0", count: 20 - digits.count) + digits
            try disk.open("/t-0/\(name).log", .replace).writeAll(bytes, at: 0)
        }
        let recovered = try LogRecovery.recover(
            directory: "/t-0", fileSystem: disk, configuration: .small, wasCleanShutdown: isClean,
            recoveryPoint: recoveryPoint, logStartOffset: nil, now: 1_700_000_000_000)
        return LogHarness(Log(recovered), recovered.events, disk, "/t-0", .small)
    }

    /// A batch as it is stored.
    private static func batch(at offset: UInt8, count: Int, leaderEpoch: UInt8 = 0) -> [UInt8] {
        var bytes = Batch(count: count).bytes
        bytes[7] = offset
        bytes.replaceSubrange(12..<16, with: [0, 0, 0, leaderEpoch])
        return bytes
    }

    private func reopen(_ harness: LogHarness, _ leaving: Leaving, recoveryPoint: Int64) throws {
        switch leaving {
        case .cleanStop: try harness.reopen()
        case .crash: try harness.reopen(cleanly: false, recoveryPoint: recoveryPoint)
        case .crashAfterCheckpoint:
            try harness.reopen(cleanly: false, recoveryPoint: harness.log.logEndOffset)
        }
    }

    /// A log is recovered, perhaps appended to, left, and recovered again.
    private func check(
        _ segments: [Int64: [UInt8]], isClean: Bool = false, recoveryPoint: Int64, served: ServedLog,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for leaving in Leaving.allCases {
            for isAppendedTo in [false, true] {
                let harness = try Self.log(segments, isClean: isClean, recoveryPoint: recoveryPoint)
                #expect(try harness.served() == served, sourceLocation: sourceLocation)
                if isAppendedTo {
                    let appended = try harness.append(Batch().bytes, leaderEpoch: 9)
                    #expect(appended.baseOffset == served.end, sourceLocation: sourceLocation)
                }
                let before = try harness.served()
                for _ in 0..<2 {
                    try reopen(harness, leaving, recoveryPoint: recoveryPoint)
                    let after = try harness.served()
                    #expect(after == before, "\(leaving)", sourceLocation: sourceLocation)
                }
            }
        }
    }

    /// The empty file of a roll that was taken back seems to end the segment in front of it.
    @Test(arguments: [true, false]) func aLeftoverDoesNotHideWhatStandsBehindDamage(isClean: Bool) throws {
        let garbage = [UInt8](repeating: 0xA5, count: 100)
        let log = Self.batch(at: 0, count: 5) + garbage + Self.batch(at: 5, count: 5)
        try check(
            [0: log, 3: []], isClean: isClean, recoveryPoint: 10,
            served: ServedLog(start: 0, end: 10, batches: [0...4, 5...9]))
    }

    @Test func damageBehindALeftoverTakesTheOffsetsUpToTheRecoveryPoint() throws {
        let log = Self.batch(at: 0, count: 5) + [UInt8](repeating: 0xA5, count: 100)
        try check([0: log, 3: []], recoveryPoint: 10, served: ServedLog(start: 0, end: 10, batches: [0...4]))
    }

    /// Without the leftover, offsets are missing in front of the segment behind it.
    @Test(arguments: [(5, 5), (9, 9)] as [(Int64, Int64)]) func aLeftoverDoesNotHideALostEnd(
        recoveryPoint: Int64, end: Int64
    ) throws {
        let segments: [Int64: [UInt8]] = [
            0: Self.batch(at: 0, count: 5), 3: Self.batch(at: 3, count: 1), 8: Self.batch(at: 8, count: 1),
        ]
        let batches: [ClosedRange<Int64>] = end == 5 ? [0...4] : [0...4, 8...8]
        try check(
            segments, recoveryPoint: recoveryPoint, served: ServedLog(start: 0, end: end, batches: batches))
    }

    /// One of two leader epochs is wrong that no sync knew of.
    @Test func aLeaderEpochThatFallsEndsTheLog() throws {
        let log = Self.batch(at: 0, count: 2, leaderEpoch: 4) + Self.batch(at: 2, count: 2, leaderEpoch: 3)
        try check([0: log], recoveryPoint: 0, served: ServedLog(start: 0, end: 2, batches: [0...1]))
    }
}
