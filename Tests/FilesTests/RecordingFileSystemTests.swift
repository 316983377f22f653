import Files
import Synchronization
import Testing

@Suite struct RecordingFileSystemTests {
    let recording = RecordingFileSystem(SimulatedFileSystem())

    @Test func bytesAreDurableAfterTheirSync() throws {
        try recording.createDirectory("d")
        let file = try recording.put("abcd", in: "d/f")
        #expect(!recording.trace.isSynced("d/f", 0..<4))
        try file.sync()
        #expect(recording.trace.isSynced("d/f", 0..<4))
        #expect(!recording.trace.isNameSynced("d/f"))
        try recording.syncDirectory("d")
        #expect(!recording.trace.isDurable("d/f", 0..<4), "d itself has no durable name yet")
        try recording.syncDirectory("")
        #expect(recording.trace.isDurable("d/f", 0..<4))
        try file.writeAll([1], at: 3)
        #expect(recording.trace.isDurable("d/f", 0..<3))
        #expect(!recording.trace.isDurable("d/f", 3..<4))
        try recording.volume(of: "/").sync()
        #expect(recording.trace.isDurable("d/f", 0..<4))
    }

    @Test func theTraceCanBeReplayedToAnyMark() throws {
        let file = try recording.put("abcd", in: "f")
        recording.mark("early")
        try file.sync()
        recording.mark("acknowledged")
        try file.writeAll([1], at: 4)
        let events = recording.events
        func synced(at label: String, _ bytes: Range<Int64>) throws -> Bool {
            let count = try #require(events.firstIndex(of: FileEvent("", .mark(label))))
            return FileTrace(events, count: count).isSynced("f", bytes)
        }
        #expect(try !synced(at: "early", 0..<4))
        #expect(try synced(at: "acknowledged", 0..<4))
        #expect(!FileTrace(events, count: events.count).isSynced("f", 0..<5))
    }

    /// A write that arrives while a sync is on its way may miss it.
    @Test func aSyncCoversOnlyWhatWasWrittenBeforeItBegan() throws {
        let pending = Mutex<(any File)?>(nil)
        let recording = RecordingFileSystem(SimulatedFileSystem()) { event in
            guard case .syncBegan = event.kind, let file = pending.withLock({ $0 }) else { return }
            do { try file.writeAll([2], at: 1) } catch { Issue.record(error) }
        }
        let file = try recording.open("f", .readWriteCreate)
        try file.writeAll([1], at: 0)
        pending.withLock { $0 = file }
        try file.sync()
        #expect(recording.trace.isSynced("f", 0..<1))
        #expect(!recording.trace.isSynced("f", 1..<2))
    }

    @Test func failedSyncsMakeNothingDurable() throws {
        let disk = SimulatedFileSystem()
        let recording = RecordingFileSystem(disk)
        let file = try recording.put("abcd", in: "f")
        disk.withFaults {
            $0.script(.sync, .broken)
            $0.script(.syncDirectory, .broken)
        }
        #expect(throws: FileError.self) { try file.sync() }
        #expect(throws: FileError.self) { try recording.syncDirectory("") }
        #expect(!recording.trace.isSynced("f", 0..<4))
        #expect(!recording.trace.isNameSynced("f"))
    }

    @Test func filesAreFollowedThroughRenames() throws {
        let file = try recording.put("abcd", in: "f.tmp")
        try recording.syncDirectory("")
        try recording.rename("f.tmp", to: "f")
        #expect(!recording.trace.isSynced("f", 0..<4))
        #expect(!recording.trace.isNameSynced("f"))
        try file.sync()
        #expect(recording.trace.isSynced("f", 0..<4))
        let second = try recording.put("xy", in: "f.tmp")
        #expect(recording.trace.isSynced("f", 0..<4), "another file under the old name")
        #expect(!recording.trace.isSynced("f.tmp", 0..<2))
        try second.sync()
        try recording.removeFile("f.tmp")
        try recording.syncDirectory("")
        #expect(recording.trace.isDurable("f", 0..<4))
    }

    @Test func shortWritesCountWhatWasWritten() throws {
        let disk = SimulatedFileSystem()
        let recording = RecordingFileSystem(disk)
        let file = try recording.open("f", .replace)
        disk.withFaults { $0.script(.write, .short(3)) }
        try file.writeAll(Array("abcdef".utf8), at: 10)
        let writes = recording.events.compactMap { event -> Range<Int64>? in
            if case .wrote(let bytes) = event.kind { bytes } else { nil }
        }
        #expect(writes == [10..<13, 13..<16])
    }
}
