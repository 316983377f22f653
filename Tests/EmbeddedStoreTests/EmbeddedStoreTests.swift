import Bytes
import EmbeddedStore
import Files
import Testing

@Suite struct EmbeddedStoreTests {
    let disk: SimulatedFileSystem

    init() throws { disk = try newDisk() }

    @Test func recordsComeBackInOrder() throws {
        let (store, empty) = try open(disk)
        #expect(empty.snapshot == nil && empty.batches.isEmpty && empty.notices.isEmpty)
        let epoch = try store.campaign(now: 5)
        #expect(epoch == 1)
        #expect(try store.append([record("a"), record("", type: 7)], fencedBy: epoch, now: 10) == 0)
        #expect(try store.append([record("c")], fencedBy: epoch, now: 20) == 2)
        try store.close(now: 30)

        let (next, contents) = try open(disk)
        #expect(
            contents.batches == [
                JournalBatch(
                    firstOffset: 0, controllerEpoch: 1, time: 10, records: [record("a"), record("", type: 7)]),
                JournalBatch(firstOffset: 2, controllerEpoch: 1, time: 20, records: [record("c")]),
            ])
        #expect(contents.notices == [])
        #expect(next.endOffset == 3)
        #expect(try next.campaign(now: 40) == 2)
    }

    @Test func earlierEpochsAreFenced() throws {
        let (store, _) = try open(disk)
        let first = try store.campaign(now: 0)
        let second = try store.campaign(now: 0)
        #expect(throws: StoreError.fenced(currentEpoch: second)) {
            try store.append([record("a")], fencedBy: first, now: 0)
        }
        #expect(try store.append([record("a")], fencedBy: second, now: 0) == 0)
    }

    @Test func aSnapshotStandsForWhatWasBefore() throws {
        let (store, _) = try open(disk)
        _ = try store.append([record("a"), record("b")], fencedBy: 0, now: 1)
        try store.snapshot([record("ab")], now: 2)
        _ = try store.append([record("c")], fencedBy: 0, now: 3)
        let (next, contents) = try open(disk)
        #expect(contents.snapshot == Snapshot(endOffset: 2, controllerEpoch: 0, time: 2, records: [record("ab")]))
        #expect(contents.batches.map(\.records) == [[record("c")]])
        #expect(next.endOffset == 3)
    }

    @Test func twoSnapshotsAndTheirJournalsAreKept() throws {
        let (store, _) = try open(disk)
        _ = try store.campaign(now: 0)
        for number in 1...5 as ClosedRange<Int64> {
            #expect(try store.append([record("\(number)")], fencedBy: 1, now: number) == number - 1)
            try store.snapshot([record("all")], now: number)
        }
        #expect(
            try disk.list(directory) == [
                "00000000000000000004-0000000001.snapshot", "00000000000000000004.journal",
                "00000000000000000005-0000000001.snapshot", "00000000000000000005.journal",
            ])
    }

    @Test func largeSnapshotsComeBack() throws {
        let (store, _) = try open(disk)
        let records = (0..<40).map {
            EncodedRecord(type: 3, version: 1, payload: [UInt8](repeating: $0, count: 100_000))
        }
        try store.snapshot(records, now: 0)
        #expect(try open(disk).contents.snapshot?.records == records)
        try store.snapshot([], now: 1)
        #expect(try open(disk).contents.snapshot?.records == [])
    }

    @Test func snapshotsAreDueBySizeAndByTime() throws {
        let (store, _) = try open(disk, now: 1000)
        #expect(!store.wantsSnapshot(now: .max))
        _ = try store.append([record("a")], fencedBy: 0, now: 1000)
        #expect(!store.wantsSnapshot(now: 1000 + EmbeddedStore.snapshotInterval - 1))
        #expect(store.wantsSnapshot(now: 1000 + EmbeddedStore.snapshotInterval))
        let large = EncodedRecord(type: 1, version: 0, payload: [UInt8](repeating: 0, count: 10 << 20))
        _ = try store.append([large], fencedBy: 0, now: 1000)
        #expect(!store.wantsSnapshot(now: 1000))
        _ = try store.append([large], fencedBy: 0, now: 1000)
        #expect(store.wantsSnapshot(now: 1000))
        #expect(try open(disk, now: 1000).store.wantsSnapshot(now: 1000))
        try store.snapshot([record("a")], now: 2000)
        #expect(!store.wantsSnapshot(now: 2000 + EmbeddedStore.snapshotInterval))
    }

    @Test func leftOversOfAnUnfinishedSnapshotGo() throws {
        _ = try open(disk)
        try disk.replace(directory + "/00000000000000000009-0000000001.snapshot.tmp", with: [1, 2, 3])
        _ = try open(disk)
        #expect(try disk.list(directory) == ["00000000000000000000.journal"])
    }

    @Test func everythingIsSyncedBeforeItReturns() throws {
        let recording = RecordingFileSystem(disk)
        let store = try EmbeddedStore.open(directory, on: recording, now: 0)
        let journal = directory + "/00000000000000000000.journal"
        for number in 0..<10 {
            _ = try store.append([record("\(number)")], fencedBy: 0, now: 0)
            #expect(recording.trace.isDurable(journal, 0..<Int64.max))
        }
        try store.snapshot([record("all")], now: 0)
        for name in try disk.list(directory) {
            #expect(recording.trace.isDurable(directory + "/" + name, 0..<Int64.max))
        }
    }
}

@Suite struct EmbeddedStoreTroubleTests {
    let disk: SimulatedFileSystem

    init() throws { disk = try newDisk() }

    @Test(arguments: [false, true])
    func aFullDiskChangesNothing(partly: Bool) throws {
        let (store, _) = try open(disk)
        _ = try store.append([record("a")], fencedBy: 0, now: 0)
        disk.withFaults {
            if partly { $0.script(.write, .short(10)) }
            $0.script(.write, .full)
        }
        let full = StoreError.disk(FileError("write", directory + "/00000000000000000000.journal.tmp", code: 28))
        #expect(throws: full) { try store.append([record("b")], fencedBy: 0, now: 0) }
        #expect(try store.append([record("c")], fencedBy: 0, now: 0) == 1)
        #expect(try open(disk).contents.records == [record("a"), record("c")])
    }

    @Test func aFullDiskTakesNoSnapshot() throws {
        let (store, _) = try open(disk)
        _ = try store.append([record("a")], fencedBy: 0, now: 0)
        disk.withFaults { $0.script(.write, on: ".snapshot.tmp", .full) }
        #expect(throws: StoreError.self) { try store.snapshot([record("a")], now: 0) }
        #expect(try disk.list(directory) == ["00000000000000000000.journal"])
        _ = try store.append([record("b")], fencedBy: 0, now: 0)
        #expect(try open(disk).contents.records == [record("a"), record("b")])
    }

    @Test(arguments: [FileOperation.write, .sync])
    func aBrokenDiskStopsTheStore(operation: FileOperation) throws {
        let (store, _) = try open(disk)
        _ = try store.append([record("a")], fencedBy: 0, now: 0)
        disk.withFaults { $0.script(operation, .broken) }
        let stopped = StoreError.stopped(
            FileError(operation.rawValue, directory + "/00000000000000000000.journal.tmp", code: 5))
        #expect(throws: stopped) { try store.append([record("b")], fencedBy: 0, now: 0) }
        #expect(throws: stopped) { try store.append([record("c")], fencedBy: 0, now: 0) }
        #expect(throws: stopped) { try store.snapshot([record("a")], now: 0) }
        #expect(throws: stopped) { try store.campaign(now: 0) }
    }

    /// What a failed sync left in the page cache only must not be believed by the next process until it is written.
    @Test func whatIsReadAfterAFailedSyncIsDurable() throws {
        for seed in 0..<100 as Range<UInt64> {
            let disk = try newDisk(seed: seed)
            let (store, _) = try open(disk)
            disk.withFaults { $0.script(.sync, .broken) }
            #expect(throws: StoreError.self) { try store.append([record("a")], fencedBy: 0, now: 0) }
            let next = disk.kill()
            let seen = try open(next).contents.records
            #expect(seen == [record("a")])
            var generator = SeededGenerator(seed: seed)
            #expect(try open(next.crash(using: &generator)).contents.records == seen)
        }
    }

    @Test func aLaterFormatIsRefused() throws {
        _ = try open(disk)
        let path = directory + "/00000000000000000000.journal"
        var header = Array(try disk.content(path).prefix(36))
        header[11] = 2
        let checksum = crc32c(header.prefix(32))
        for index in 0..<4 { header[32 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * index)) }
        try disk.replace(path, with: header)
        #expect(throws: StoreError.unsupportedFormat(path: path, format: 2)) { try open(disk) }
        #expect(try disk.content(path) == header)
    }

    /// Bit by bit, so that the store's own checksum is checked as well.
    private func crc32c(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { state, byte in
            (0..<8).reduce(state ^ UInt32(byte)) { state, _ in state >> 1 ^ (state & 1) * 0x82F6_3B78 }
        }
    }
}
