import Files
import LogStorage
import Records
import Simulator
import Testing

struct TimestampTests {
    let directory: TemporaryDirectory
    let harness: LogHarness

    init() throws {
        directory = try TemporaryDirectory()
        harness = try LogHarness(RealFileSystem(), directory.path + "/t-0", configuration: .small)
    }

    private func offset(at timestamp: Int64) -> TimestampedOffset? {
        harness.settle(harness.log.offset(forTimestamp: timestamp))
    }

    @Test(arguments: Compression.allCases) func everyRecordIsFoundByItsTime(compression: Compression) throws {
        // Records at 10, 20, 30, …: three a batch.
        for index in 0..<80 {
            try harness.append(
                Batch(
                    count: 3, timestamp: Int64(index * 30 + 10), step: 10, valueSize: 40, fill: UInt8(index),
                    compression: compression), leaderEpoch: 3)
        }
        for isReopened in [false, true] {
            if isReopened { try harness.reopen() }
            for offset in 0..<Int64(240) {
                let expected = TimestampedOffset(timestamp: offset * 10 + 10, offset: offset, leaderEpoch: 3)
                #expect(self.offset(at: offset * 10 + 10) == expected)
                #expect(self.offset(at: offset * 10 + 5) == expected)
            }
            #expect(offset(at: 2401) == nil)
            #expect(offset(at: .min)?.offset == 0)
            #expect(harness.settle(harness.log.maxTimestampOffset())?.offset == 239)
        }
    }

    @Test(arguments: Compression.allCases) func theTimeOfEveryRecordIsFoundByItsOffset(compression: Compression) throws
    {
        for index in 0..<80 {
            try harness.append(
                Batch(
                    count: 3, timestamp: Int64(index * 30 + 10), step: 10, valueSize: 40, fill: UInt8(index),
                    compression: compression))
        }
        func time(_ offset: Int64) -> Int64? { harness.settle(harness.log.timestamp(ofFirstFrom: offset)) }
        for isReopened in [false, true] {
            if isReopened { try harness.reopen() }
            for offset in 0..<Int64(240) { #expect(time(offset) == offset * 10 + 10) }
            #expect(time(-5) == 10 && time(240) == nil)
        }
        // What is before the start is not there any more.
        harness.log.deleteRecords(before: 100)
        #expect(time(7) == 1_010 && time(101) == 1_020)
        // Without a time there is nothing to tell.
        try harness.append(Batch(timestamp: -1, compression: compression))
        #expect(time(240) == nil)
    }

    @Test func theFirstOfSeveralIsFoundWhereTimesGoBack() throws {
        let times: [Int64] = [50, 10, 70, 20, 70, 5, 90, 60]
        for time in times { try harness.append(Batch(timestamp: time, valueSize: 500)) }
        for wanted in Int64(0)...95 {
            let expected = times.firstIndex { $0 >= wanted }
            #expect(offset(at: wanted)?.offset == expected.map(Int64.init), "\(wanted)")
        }
        #expect(
            harness.settle(harness.log.maxTimestampOffset())
                == TimestampedOffset(timestamp: 90, offset: 6, leaderEpoch: 0))
        harness.log.deleteRecords(before: 3)
        #expect(offset(at: 50)?.offset == 4)
    }

    @Test(arguments: Compression.allCases) func theLargestTimeIsThatOfARecordBehindTheStart(compression: Compression)
        throws
    {
        // 100, 90, 80 | 70, 95, 120 | 10, 20, 30 | 5, then further segments up to 60.
        try harness.append(Batch(count: 3, timestamp: 100, step: -10, compression: compression))
        try harness.append(Batch(count: 3, timestamp: 70, step: 25, compression: compression))
        try harness.append(Batch(count: 3, timestamp: 10, step: 10, compression: compression))
        try harness.append(Batch(timestamp: 5, compression: compression))
        func largest() -> TimestampedOffset? { harness.settle(harness.log.maxTimestampOffset()) }
        for (start, timestamp, offset) in [
            (0, 120, 5), (1, 120, 5), (5, 120, 5), (6, 30, 8), (8, 30, 8), (9, 5, 9),
        ] as [(Int64, Int64, Int64)] {
            harness.log.deleteRecords(before: start)
            #expect(largest() == TimestampedOffset(timestamp: timestamp, offset: offset, leaderEpoch: 0), "\(start)")
        }
        for time in [60, 7] as [Int64] { try harness.append(Batch(timestamp: time, valueSize: 3900)) }
        #expect(harness.log.segmentCount > 1)
        #expect(largest() == TimestampedOffset(timestamp: 60, offset: 10, leaderEpoch: 0))
        harness.log.deleteRecords(before: 12)
        #expect(largest() == nil)
    }

    @Test func recordsOfAnAppendTimeBatchHaveItsTime() throws {
        var batch = Batch(count: 3, timestamp: 10, step: 10).bytes
        batch.withUnsafeMutableBytes {
            try? MutableRecordBatchView($0).apply(TimestampStamp(type: .logAppendTime, maxTimestamp: 500))
        }
        try harness.append(batch)
        #expect(offset(at: 500) == TimestampedOffset(timestamp: 500, offset: 0, leaderEpoch: 0))
        #expect(offset(at: 501) == nil)
    }

    @Test func anEmptyLogHasNoTimes() {
        #expect(offset(at: 0) == nil)
        #expect(harness.settle(harness.log.maxTimestampOffset()) == nil)
    }

    @Test(arguments: [true, false]) func aWrongTimeIndexMisleadsNobody(isClean: Bool) throws {
        for index in 0..<150 { try harness.append(Batch(timestamp: Int64(index * 10), valueSize: 60)) }
        _ = try harness.log.close()?.perform()
        for name in try harness.fileSystem.list(harness.directory) where name.hasSuffix(".timeindex") {
            var bytes = try harness.content(name)
            for position in stride(from: 11, to: bytes.count - (isClean ? 12 : 0), by: 12) { bytes[position] &+= 7 }
            try harness.replace(name, with: bytes)
        }
        try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: harness.log.logEndOffset)
        for index in 0..<150 { #expect(offset(at: Int64(index * 10))?.offset == Int64(index)) }
    }

    /// An entry that names a later batch of the same time looks right.
    @Test(arguments: [true, false]) func aTimeIndexThatNamesALaterBatchMisleadsNobody(isClean: Bool) throws {
        for index in 0..<60 { try harness.append(Batch(timestamp: Int64(index / 2 * 10), valueSize: 60)) }
        _ = try harness.log.close()?.perform()
        let whole = try harness.content(firstTimeIndex)
        #expect(whole.count >= 3 * 12)
        for position in stride(from: 11, to: whole.count, by: 12) {
            var bytes = whole
            bytes[position] ^= 1
            try harness.replace(firstTimeIndex, with: bytes)
            try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: harness.log.logEndOffset)
            for time in 0..<30 { #expect(offset(at: Int64(time * 10))?.offset == Int64(time * 2)) }
        }
    }

    @Test func damagedRecordsAreNotFoundByTime() throws {
        for index in 0..<10 { try harness.append(Batch(timestamp: Int64(index * 10))) }
        var bytes = try harness.content(firstLog)
        let size = bytes.count / 10
        bytes[size * 4 + 80] ^= 1
        try harness.replace(firstLog, with: bytes)
        try harness.reopen(cleanly: false, recoveryPoint: 10)
        #expect(offset(at: 40)?.offset == 5)
        #expect(offset(at: 30)?.offset == 3)
    }
}
