import Files
import LogStorage
import Records
import Simulator
import Testing

struct LogTests {
    let directory: TemporaryDirectory
    let harness: LogHarness

    init() throws {
        directory = try TemporaryDirectory()
        harness = try LogHarness(RealFileSystem(), directory.path + "/t-0", configuration: .small)
    }

    @Test func anEmptyLogHasNoFilesAndNothingToRead() throws {
        #expect(try harness.fileSystem.list(harness.directory) == [])
        #expect(harness.log.logEndOffset == 0)
        guard case .empty = harness.read(from: 0) else { Issue.record("something to read"); return }
        guard case .offsetOutOfRange = harness.read(from: 1) else { Issue.record("past the end"); return }
        guard case .offsetOutOfRange = harness.read(from: -1) else { Issue.record("before the start"); return }
        try harness.reopen()
        #expect(harness.log.logEndOffset == 0)
        #expect(try harness.fileSystem.list(harness.directory) == [])
    }

    @Test func givesOffsetsAndStampsThemIntoTheBatch() throws {
        #expect(try harness.append(Batch(count: 3)).baseOffset == 0)
        #expect(try harness.append(Batch(count: 2), leaderEpoch: 7).baseOffset == 3)
        #expect(harness.log.logEndOffset == 5)
        #expect(harness.log.writtenOffset == 5)
        #expect(harness.log.syncedOffset == 5)
        let bytes = try harness.bytes(from: 3)
        try bytes.withUnsafeBytes { buffer in
            let batch = try RecordBatchView(buffer)
            #expect(batch.header.baseOffset == 3)
            #expect(batch.header.partitionLeaderEpoch == 7)
            #expect(batch.isChecksumValid)
        }
    }

    @Test func stagedBatchesAreWrittenTogetherAndNotReadBefore() throws {
        var batches = (0..<5).map { Batch(count: 2, fill: UInt8($0)).bytes }
        for index in batches.indices {
            let outcome = batches[index].withUnsafeMutableBytes {
                // The bytes stay where they are: nothing touches the arrays before the write.
                harness.log.append($0, leaderEpoch: 0, now: harness.now)
            }
            #expect(outcome.baseOffset == Int64(index * 2))
        }
        #expect(harness.log.logEndOffset == 10)
        #expect(harness.log.writtenOffset == 0)
        guard case .empty = harness.read(from: 0) else { Issue.record("read what is not written"); return }
        let write = try #require(try harness.log.takeWrite())
        #expect(write.pieces.count == 5)
        #expect(try harness.log.takeWrite() == nil)
        try write.perform()
        harness.log.writeCompleted(now: harness.now)
        #expect(harness.log.writtenOffset == 10)
        #expect(harness.log.syncedOffset == 0)
        #expect(try harness.offsets().count == 5)
        try harness.log.syncDue(now: harness.now)
        #expect(harness.log.syncedOffset == 10)
        withExtendedLifetime(batches) {}
    }

    @Test func readsEndOnBatchBoundariesWithinTheLimits() throws {
        let size = Batch(count: 2).bytes.count
        for _ in 0..<10 { try harness.append(Batch(count: 2)) }
        #expect(try harness.bytes(from: 0, maximumBytes: size * 3 + 5).count == size * 3)
        #expect(try harness.bytes(from: 5, maximumBytes: size).count == size)
        #expect(try harness.bytes(from: 0, maximumBytes: 1).count == size)
        guard case .empty = harness.read(from: 0, maximumBytes: size - 1, atLeastOneBatch: false) else {
            Issue.record("a batch larger than wanted")
            return
        }
        #expect(try harness.bytes(from: 0, upTo: 8).count == size * 4)
        guard case .empty = harness.read(from: 8, upTo: 8) else { Issue.record("past the bound"); return }
        // A bound inside a batch leaves the batch out.
        #expect(try harness.bytes(from: 0, upTo: 7).count == size * 3)
        // The batch that holds the offset comes whole.
        let header = try harness.bytes(from: 3).withUnsafeBytes { try RecordBatchHeader($0) }
        #expect(header.baseOffset == 2)
    }

    @Test func everyOffsetIsFoundWhateverTheStepOfTheReader() throws {
        for index in 0..<200 { try harness.append(Batch(count: 1 + index % 4, valueSize: 1 + index * 7 % 90)) }
        #expect(harness.log.segmentCount > 3)
        let all = try harness.offsets()
        #expect(all.count == 200)
        for offset in 0..<harness.log.logEndOffset {
            try harness.bytes(from: offset, maximumBytes: 1).withUnsafeBytes { buffer in
                let header = try RecordBatchHeader(buffer)
                #expect(header.baseOffset <= offset && header.lastOffset >= offset)
            }
        }
        for step in [1, 300, 1000, 5000] { #expect(try harness.offsets(maximumBytes: step) == all) }
        for bound in stride(from: Int64(1), to: harness.log.logEndOffset, by: 3) {
            guard case .bytes(let read) = harness.read(from: bound - 1, upTo: bound) else { continue }
            #expect(read.count > 0)
        }
    }

    @Test func everythingIsThereAfterACleanStop() throws {
        for index in 0..<200 { try harness.append(Batch(count: 1 + index % 4, valueSize: index % 90)) }
        let all = try harness.offsets()
        let content = try all.map { try harness.bytes(from: $0.lowerBound, maximumBytes: 1) }
        try harness.reopen()
        #expect(harness.events.map(\.level) == [.info])
        #expect(try harness.offsets() == all)
        #expect(try all.map { try harness.bytes(from: $0.lowerBound, maximumBytes: 1) } == content)
        #expect(try harness.append(Batch()).baseOffset == harness.log.logEndOffset - 1)
        try harness.reopen()
        #expect(try harness.offsets().count == 201)
    }

    @Test func rollsBySizeAndKeepsNoRoomBehindASealedSegment() throws {
        for _ in 0..<100 { try harness.append(Batch(valueSize: 100)) }
        let logs = try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(".log") }
        #expect(logs.count == harness.log.segmentCount)
        for name in logs { #expect(try harness.content(name).count <= 4096) }
        for name in logs.dropLast() {
            #expect(try harness.content(name).count > 3500)
            let base = name.dropLast(4)
            #expect(try harness.content("\(base).index").count % 8 == 0)
            #expect(try harness.content("\(base).timeindex").count % 12 == 0)
            #expect(try harness.content("\(base).timeindex").count > 0)
        }
        for name in logs.dropFirst() { #expect(try harness.content("\(name.dropLast(4)).snapshot").count >= 10) }
    }

    @Test func rollsByAgeOfTheRecords() throws {
        harness.configuration.segmentMs = 1000
        harness.log.configure(harness.configuration)
        try harness.append(Batch(timestamp: 5000))
        try harness.append(Batch(timestamp: 6000))
        #expect(harness.log.segmentCount == 1)
        try harness.append(Batch(timestamp: 6001))
        #expect(harness.log.segmentCount == 2)
    }

    @Test func rollsWhenAnIndexIsFull() throws {
        harness.configuration.segmentIndexBytes = 24
        harness.log.configure(harness.configuration)
        for _ in 0..<20 { try harness.append(Batch(valueSize: 100)) }
        #expect(harness.log.segmentCount > 2)
        #expect(try harness.content(firstIndex).count <= 24)
    }

    @Test func sizesAreLimited() throws {
        harness.configuration.maxMessageBytes = 2000
        harness.log.configure(harness.configuration)
        let large = Batch(valueSize: 2000).bytes
        #expect(try harness.append(large).error == .messageTooLarge)
        #expect(try harness.append(large, origin: .coordinator).baseOffset == 0)
        #expect(try harness.append(Batch(valueSize: 5000).bytes, origin: .coordinator).error == .recordListTooLarge)
        #expect(AppendError.recordListTooLarge.code == 18 && AppendError.messageTooLarge.code == 10)
        #expect(harness.log.logEndOffset == 1)
    }

    @Test func bytesThatAreNoBatchAreRefused() throws {
        #expect(try harness.append([1, 2, 3]).error == .corruptMessage)
        #expect(try harness.append(Batch().bytes + [0]).error == .corruptMessage)
        #expect(try harness.append(Array(Batch().bytes.dropLast())).error == .corruptMessage)
    }

    @Test func aFollowerKeepsTheLeadersOffsets() throws {
        var batch = Batch(count: 2).bytes
        batch.withUnsafeMutableBytes {
            try? MutableRecordBatchView($0).assign(baseOffset: 10, partitionLeaderEpoch: 4)
        }
        #expect(try harness.append(batch, leaderEpoch: 9, origin: .replication).baseOffset == 10)
        #expect(harness.log.logEndOffset == 12)
        #expect(harness.log.latestLeaderEpoch == 4)
        #expect(try harness.append(batch, origin: .replication).error == .outOfOrderOffset)
        #expect(try harness.offsets() == [10...11])
    }

    @Test func waitingBatchesMayBeKeptPastTheirTick() throws {
        var batch = Batch(count: 2, fill: 1).bytes
        _ = batch.withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 0, now: harness.now) }
        let write = try #require(try harness.log.takeOwnedWrite())
        for index in batch.indices { batch[index] = 0xFF }
        var second = Batch(count: 3, fill: 2).bytes
        _ = second.withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 0, now: harness.now) }
        harness.log.keepStaged()
        for index in second.indices { second[index] = 0xFF }
        #expect(!harness.log.hasStagedWrites)
        try write.perform()
        harness.log.writeCompleted(now: harness.now)
        #expect(harness.log.writtenOffset == 2)
        #expect(harness.log.hasStagedWrites)
        #expect(harness.log.writeStaged(now: harness.now) == nil)
        #expect(try harness.offsets() == [0...1, 2...4])
    }

    @Test func pageCacheClassSyncsByCountAndByTime() throws {
        harness.configuration.flushMessages = 10
        harness.configuration.flushMs = 500
        harness.log.configure(harness.configuration)
        for _ in 0..<9 { try harness.append(Batch()) }
        #expect(harness.log.syncedOffset == 0)
        #expect(harness.log.acknowledgeableOffset == 9)
        try harness.append(Batch())
        #expect(harness.log.syncedOffset == 10)
        try harness.append(Batch())
        harness.now += 499
        #expect(harness.log.takeSync(now: harness.now) == nil)
        harness.now += 1
        try harness.log.syncDue(now: harness.now)
        #expect(harness.log.syncedOffset == 11)
    }

    @Test func idleFilesAreClosedAndOpenedAgain() throws {
        for _ in 0..<100 { try harness.append(Batch(valueSize: 100)) }
        _ = try harness.offsets()
        #expect(harness.log.openFileCount > 0)
        harness.log.closeIdleFiles()
        #expect(harness.log.openFileCount == 0)
        #expect(try harness.append(Batch()).baseOffset == 100)
        #expect(try harness.offsets().count == 101)
        let descriptors = LogDescriptors(limit: 1)
        descriptors.touch(harness.log)
        descriptors.trim()
        #expect(harness.log.openFileCount == 0)
    }
}
