import Files
import Testing

@Suite struct SimulatedFaultsTests {
    let disk = SimulatedFileSystem(seed: 7)

    @Test func scriptedFaultsStrikeTheNamedCallOnly() throws {
        let file = try disk.put("", in: "a.log")
        let other = try disk.put("", in: "a.index")
        disk.withFaults { $0.script(.write, on: ".log", .broken, skipping: 1, times: 2) }
        try file.writeAll([1], at: 0)
        #expect(throws: FileError("write", "a.log", code: 5)) { try file.writeAll([2], at: 1) }
        try other.writeAll([2], at: 0)
        #expect(throws: FileError("write", "a.log", code: 5)) { try file.writeAll([2], at: 1) }
        try file.writeAll([3], at: 1)
        #expect(try file.content() == [1, 3])
    }

    @Test func shortWritesAreContinued() throws {
        let file = try disk.put("", in: "a")
        disk.withFaults { $0.script(.write, .short(2)) }
        let bytes = Array("abcdef".utf8)
        #expect(try bytes.withUnsafeBytes { try file.write([$0], at: 0) } == 2)
        #expect(try file.content() == Array("ab".utf8))
        disk.withFaults { $0.shortWrites = 1 }
        let long = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
        try file.writeAll(long, at: 0)
        #expect(try file.content() == long)
    }

    /// Linux reports a failed write-back once and marks the pages clean: a later sync succeeds and writes nothing.
    @Test func aSyncAfterAFailedSyncSavesNothing() throws {
        let left = try outcomes { disk in
            let file = try disk.put(page("a"), in: "f")
            try disk.syncDirectory("/")
            disk.withFaults { $0.script(.sync, .broken) }
            #expect(throws: FileError("sync", "f", code: 5)) { try file.sync() }
            try file.sync()
            #expect(try disk.text(of: "f") == page("a"))
        } describe: {
            let text = try $0.text(of: "f") ?? "gone"
            return text == page("a") ? "kept" : text.allSatisfy { $0 == "\0" } ? "zeros" : "torn"
        }
        #expect(left == ["kept", "zeros", "torn"])
    }

    @Test func bytesWrittenAgainAreSavedByTheNextSync() throws {
        let left = try outcomes { disk in
            let file = try disk.put(page("a"), in: "f")
            try disk.syncDirectory("/")
            disk.withFaults { $0.script(.syncFileSystem, .broken) }
            #expect(throws: FileError("syncFileSystem", "/", code: 5)) { try disk.volume(of: "/").sync() }
            try file.writeAll(Array("b".utf8), at: 0)
            try file.sync()
        } describe: {
            try $0.text(of: "f") ?? "gone"
        }
        #expect(left == ["b" + page("a").dropFirst()])
    }

    /// Linux tells each open volume of every write error since its opening, once, whoever else was told.
    @Test func aVolumeHearsOfAnErrorThatAnotherSyncHasMet() throws {
        let (one, other) = (try disk.volume(of: "/"), try disk.volume(of: "/"))
        let file = try disk.put("a", in: "f")
        disk.withFaults { $0.script(.sync, .broken) }
        #expect(throws: FileError("sync", "f", code: 5)) { try file.sync() }
        #expect(throws: FileError("syncFileSystem", "/", code: 5)) { try one.sync() }
        try one.sync()
        disk.withFaults { $0.script(.syncFileSystem, .broken) }
        #expect(throws: FileError("syncFileSystem", "/", code: 5)) { try one.sync() }
        try one.sync()
        #expect(throws: FileError("syncFileSystem", "/", code: 5)) { try other.sync() }
        try other.sync()
        try disk.volume(of: "/").sync()
    }

    @Test func aFullDiskTakesWhatFits() throws {
        let disk = SimulatedFileSystem(capacity: 8192)
        let file = try disk.put(page("a"), in: "f")
        let bytes = [UInt8](repeating: 98, count: 6000)
        #expect(try bytes.withUnsafeBytes { try file.write([$0], at: 4096) } == 4096)
        #expect(throws: FileError("write", "f", code: 28)) { try file.writeAll([1], at: 8192) }
        try file.writeAll([1], at: 0)
        #expect(throws: FileError("allocate", "f", code: 28)) { try file.allocate(at: 0, count: 8193) }
        #expect(try disk.space("/").usable == 0)
        try file.truncate(to: 100)
        try file.writeAll([1], at: 4096)
        disk.capacity = nil
        try file.writeAll([1], at: 1 << 20)
    }

    @Test func reservedRoomCounts() throws {
        let disk = SimulatedFileSystem(capacity: 1 << 20)
        let file = try disk.put("a", in: "f")
        try file.allocate(at: 0, count: 1 << 20)
        #expect(try file.size() == 1)
        let other = try disk.open("g", .readWriteCreate)
        #expect(throws: FileError("write", "g", code: 28)) { try other.writeAll([1], at: 0) }
        try file.writeAll([1], at: (1 << 20) - 1)
        try file.truncate(to: 1)
        try other.writeAll([1], at: 0)
    }

    @Test func coldReads() throws {
        let file = try disk.put("abc", in: "f")
        disk.withFaults { $0.script(.readCached, .cold) }
        var bytes = [UInt8](repeating: 0, count: 3)
        #expect(try bytes.withUnsafeMutableBytes { try file.readCached(into: $0, at: 0) } == nil)
        #expect(try bytes.withUnsafeMutableBytes { try file.readCached(into: $0, at: 0) } == 3)
        disk.withFaults { $0.coldReads = 1 }
        #expect(try bytes.withUnsafeMutableBytes { try file.readCached(into: $0, at: 0) } == nil)
        #expect(try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 3)
    }

    @Test func faultsByChanceRepeatWithTheSeed() throws {
        func run(_ seed: UInt64) throws -> [Bool] {
            let disk = SimulatedFileSystem(seed: seed)
            let file = try disk.open("f", .replace)
            disk.withFaults { $0.writeErrors = 0.5 }
            return (0..<64).map { (try? file.writeAll([1], at: Int64($0))) != nil }
        }
        #expect(try run(1) == run(1))
        #expect(try run(1) != run(2))
        #expect(try run(1).contains(true))
    }

    @Test func anyCallCanFail() throws {
        let file = try disk.put("a", in: "f")
        let volume = try disk.volume(of: "/")
        for operation in FileOperation.allCases { disk.withFaults { $0.script(operation, .broken) } }
        #expect(throws: FileError("open", "f", code: 5)) { try disk.open("f", .read) }
        #expect(throws: FileError("createDirectory", "d", code: 5)) { try disk.createDirectory("d") }
        #expect(throws: FileError("list", "/", code: 5)) { try disk.list("/") }
        #expect(throws: FileError("status", "f", code: 5)) { try disk.status("f") }
        #expect(throws: FileError("rename", "f", code: 5)) { try disk.rename("f", to: "g") }
        #expect(throws: FileError("removeFile", "f", code: 5)) { try disk.removeFile("f") }
        #expect(throws: FileError("removeDirectory", "f", code: 5)) { try disk.removeDirectory("f") }
        #expect(throws: FileError("syncDirectory", "/", code: 5)) { try disk.syncDirectory("/") }
        #expect(throws: FileError("volume", "/", code: 5)) { try disk.volume(of: "/") }
        #expect(throws: FileError("syncFileSystem", "/", code: 5)) { try volume.sync() }
        #expect(throws: FileError("lock", "l", code: 5)) { try disk.lock("l") }
        #expect(throws: FileError("space", "/", code: 5)) { try disk.space("/") }
        #expect(throws: FileError("size", "f", code: 5)) { try file.size() }
        #expect(throws: FileError("sync", "f", code: 5)) { try file.sync() }
        #expect(throws: FileError("truncate", "f", code: 5)) { try file.truncate(to: 0) }
        #expect(throws: FileError("allocate", "f", code: 5)) { try file.allocate(at: 0, count: 1) }
        #expect(throws: FileError("read", "f", code: 5)) { try file.read(into: .init(start: nil, count: 0), at: 0) }
    }
}
