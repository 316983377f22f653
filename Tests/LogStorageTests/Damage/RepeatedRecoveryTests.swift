import Bytes
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
    private static func disk(_ segments: [Int64: [UInt8]]) throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem(seed: 8)
        try disk.createDirectory("/t-0")
        for (base, bytes) in segments {
            let digits = String(base)
            let name = String(repeating: "0", count: 20 - digits.count) + digits
            try disk.open("/t-0/\(name).log", .replace).writeAll(bytes, at: 0)
        }
        return disk
    }

    private static func log(
        _ segments: [Int64: [UInt8]], _ configuration: LogConfiguration = .small, isClean: Bool = false,
        recoveryPoint: Int64
    ) throws -> LogHarness {
        try log(on: disk(segments), configuration, isClean: isClean, recoveryPoint: recoveryPoint)
    }

    private static func log(
        on disk: SimulatedFileSystem, _ configuration: LogConfiguration, isClean: Bool = false, recoveryPoint: Int64
    ) throws -> LogHarness {
        let recovered = try LogRecovery.recover(
            directory: "/t-0", fileSystem: disk, configuration: configuration, wasCleanShutdown: isClean,
            recoveryPoint: recoveryPoint, logStartOffset: nil, now: 1_700_000_000_000)
        return LogHarness(Log(recovered), recovered.events, disk, "/t-0", configuration)
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

    /// A log is recovered, perhaps appended to, left, and recovered again; and recovered after a crash in its recovery.
    private func check(
        _ segments: [Int64: [UInt8]], _ configuration: LogConfiguration = .small, isClean: Bool = false,
        recoveryPoint: Int64, served: ServedLog, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for leaving in Leaving.allCases {
            for isAppendedTo in [false, true] {
                let harness = try Self.log(segments, configuration, isClean: isClean, recoveryPoint: recoveryPoint)
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
        // Of a compacted log's end a clean stop tells more than is known after a crash.
        if isClean, configuration.cleanupPolicy.contains(.compact) { return }
        try checkInterrupted(
            segments, configuration, isClean: isClean, recoveryPoint: recoveryPoint, served: served, sourceLocation)
    }

    private func checkInterrupted(
        _ segments: [Int64: [UInt8]], _ configuration: LogConfiguration, isClean: Bool, recoveryPoint: Int64,
        served: ServedLog, _ sourceLocation: SourceLocation
    ) throws {
        var isDone = false
        var changes = 0
        while !isDone {
            var generator = SeededGenerator(seed: UInt64(changes))
            var disk = try Self.disk(segments)
            for name in try disk.list("/t-0") { try disk.open("/t-0/\(name)", .readWrite).sync() }
            for directory in ["/", "/t-0"] { try disk.syncDirectory(directory) }
            disk.cutPower(afterChanges: changes)
            isDone = (try? Self.log(on: disk, configuration, isClean: isClean, recoveryPoint: recoveryPoint)) != nil
            disk = disk.crash(using: &generator, isJournaled: changes.isMultiple(of: 2))
            let harness = try Self.log(on: disk, configuration, recoveryPoint: recoveryPoint)
            #expect(
                try harness.served() == served, "after \(changes) changes: \(harness.events)",
                sourceLocation: sourceLocation)
            changes += 1
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

    /// Its name tells from then on how far the offsets of the damage go.
    @Test func damageAtTheEndGetsASegmentBehindIt() throws {
        var last = Self.batch(at: 5, count: 5)
        last[0] = 1
        let segments: [Int64: [UInt8]] = [0: Self.batch(at: 0, count: 5) + last]
        try check(segments, recoveryPoint: 10, served: ServedLog(start: 0, end: 10, batches: [0...4]))
        let harness = try Self.log(segments, recoveryPoint: 10)
        try harness.append(Batch(), leaderEpoch: 0)
        #expect(harness.log.segmentCount == 2)
        #expect(try harness.fileSystem.list("/t-0").filter { $0.hasSuffix(".log") }.count == 2)
    }

    /// In a compacted log, where offsets may be missing.
    @Test(arguments: [true, false]) func aRaisedOffsetOfTheLastBatchEndsNoLogElsewhere(isClean: Bool) throws {
        var configuration = LogConfiguration.small
        configuration.cleanupPolicy = .compact
        for bit in isClean ? 4..<63 : 32..<63 {
            var last = Self.batch(at: 5, count: 5)
            last[7 - bit / 8] |= 1 << UInt8(bit % 8)
            try check(
                [0: Self.batch(at: 0, count: 5) + last], configuration, isClean: isClean, recoveryPoint: 10,
                served: ServedLog(start: 0, end: 10, batches: [0...4]))
        }
    }

    /// Two batches that say the same offsets: the first one's were raised, or those of the second lowered. Both serve what is
    /// certain.
    @Test(arguments: [true, false]) func neitherOfTwoBatchesIsServedForTheOther(isClean: Bool) throws {
        let (front, pair) = (Self.batch(at: 0, count: 4), Self.batch(at: 6, count: 2) + Self.batch(at: 6, count: 2))
        for (behind, lost) in [(UInt8(8), 4...5), (16, 4...15)] {
            let log = front + pair + Self.batch(at: behind, count: 2)
            let last = Int64(behind)...Int64(behind + 1)
            try check(
                [0: log], isClean: isClean, recoveryPoint: last.upperBound + 1,
                served: ServedLog(
                    start: 0, end: last.upperBound + 1,
                    batches: lost.upperBound == 5 ? [0...3, 6...7, last] : [0...3, last]))
        }
        // Nothing stands behind, and the end is known.
        for (end, batches) in [(8, [0...3, 6...7]), (16, [0...3])] as [(Int64, [ClosedRange<Int64>])] {
            try check(
                [0: front + pair], isClean: isClean, recoveryPoint: end,
                served: ServedLog(start: 0, end: end, batches: batches))
        }
    }

    /// A batch that is a record's value is none of the log, whatever is wrong with the one that has the record.
    @Test func aBatchInsideOfABatchIsNotServed() throws {
        var outer = BatchBuilder()
        _ = outer.append(timestamp: 0, key: nil, value: Self.batch(at: 3, count: 1))
        var bytes = outer.finish().all.bytes
        bytes.replaceSubrange(0..<16, with: [0, 0, 0, 0, 0, 0, 0, 8] + bytes[8..<12] + [0, 0, 0, 0])
        let log = Self.batch(at: 0, count: 2) + bytes + Self.batch(at: 3, count: 2)
        try check([0: log], recoveryPoint: 5, served: ServedLog(start: 0, end: 5, batches: [0...1, 3...4]))
    }

    /// One of two leader epochs is wrong that no sync knew of.
    @Test func aLeaderEpochThatFallsEndsTheLog() throws {
        let log = Self.batch(at: 0, count: 2, leaderEpoch: 4) + Self.batch(at: 2, count: 2, leaderEpoch: 3)
        try check([0: log], recoveryPoint: 0, served: ServedLog(start: 0, end: 2, batches: [0...1]))
    }

    /// Nor where the header of the one that has the record is right, and tells where that ends.
    @Test func aBatchInsideOfADamagedBatchIsNotServed() throws {
        for isLast in [true, false] {
            var outer = BatchBuilder()
            _ = outer.append(timestamp: 0, key: nil, value: Self.batch(at: 2, count: 1))
            var bytes = outer.finish().all.bytes
            bytes.replaceSubrange(0..<16, with: [0, 0, 0, 0, 0, 0, 0, 2] + bytes[8..<12] + [0, 0, 0, 0])
            bytes[17] ^= 1
            let log = Self.batch(at: 0, count: 2) + bytes
            let batches: [ClosedRange<Int64>] = isLast ? [0...1] : [0...1, 3...4]
            try check(
                [0: isLast ? log : log + Self.batch(at: 3, count: 2)], recoveryPoint: isLast ? 3 : 5,
                served: ServedLog(start: 0, end: isLast ? 3 : 5, batches: batches))
        }
    }

    /// A wrong base offset behind damage, which seems to reach into the next segment: that one stays.
    @Test(arguments: [true, false]) func aRaisedOffsetBehindDamageRemovesNoSegment(isClean: Bool) throws {
        var damaged = Self.batch(at: 2, count: 2)
        damaged[40] ^= 1
        let segments: [Int64: [UInt8]] = [
            0: Self.batch(at: 0, count: 2) + damaged + Self.batch(at: 5, count: 2), 6: Self.batch(at: 6, count: 2),
            8: Self.batch(at: 8, count: 2),
        ]
        try check(
            segments, isClean: isClean, recoveryPoint: 10,
            served: ServedLog(start: 0, end: 10, batches: [0...1, 6...7, 8...9]))
    }

    /// A segment that lost its last batches as a whole, one that lost all, and one whose file is gone.
    @Test(arguments: [true, false]) func offsetsThatAreMissingInFrontOfASegmentAreNamed(isClean: Bool) throws {
        for middle in [Self.batch(at: 4, count: 2), [], nil] {
            var segments: [Int64: [UInt8]] = [0: Self.batch(at: 0, count: 4), 8: Self.batch(at: 8, count: 2)]
            segments[4] = middle
            let lost: Range<Int64> = middle?.isEmpty == false ? 6..<8 : 4..<8
            let harness = try Self.log(segments, isClean: isClean, recoveryPoint: 10)
            guard case .corrupt(let range) = harness.read(from: lost.upperBound - 1) else {
                Issue.record("\(harness.read(from: lost.upperBound - 1)) at \(lost)")
                continue
            }
            #expect(range == lost)
            let batches: [ClosedRange<Int64>] = lost.lowerBound == 6 ? [0...3, 4...5, 8...9] : [0...3, 8...9]
            try check(
                segments, isClean: isClean, recoveryPoint: 10, served: ServedLog(start: 0, end: 10, batches: batches))
        }
    }

    /// The leader epochs' file knows of records that are gone.
    @Test func aLeaderEpochThatBeganPastTheEndIsForgotten() throws {
        let harness = try LogHarness(SimulatedFileSystem(seed: 8), "/t-0")
        for epoch in [4, 4, 5, 5] as [Int32] { try harness.append(Batch(), leaderEpoch: epoch) }
        _ = try harness.log.close()?.perform()
        let bytes = try harness.content(firstLog)
        try harness.replace(firstLog, with: Array(bytes[..<(bytes.count / 4)]))
        try harness.reopen(cleanly: false, recoveryPoint: 4)
        #expect(harness.log.logEndOffset == 1 && harness.log.latestLeaderEpoch == 4)
        try harness.append(Batch(), leaderEpoch: 5)
        try harness.reopen(cleanly: false, recoveryPoint: 2)
        #expect(try harness.offsets() == [0...0, 1...1])
    }
}
