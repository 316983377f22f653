import Files
import Testing

@Suite struct SimulatedFileTests {
    let disk = SimulatedFileSystem(seed: 1)

    @Test func readsWhatWasWritten() throws {
        let file = try disk.put("hello world", in: "a")
        try file.writeAll(Array("W".utf8), at: 6)
        try file.writeAll(Array("!".utf8), at: 13)
        #expect(try disk.text(of: "a") == "hello World\0\0!")
        #expect(try disk.status("a")?.size == 14)
        try file.truncate(to: 5)
        try file.truncate(to: 7)
        #expect(try disk.text(of: "a") == "hello\0\0")
    }

    @Test func readsStopAtTheEnd() throws {
        let file = try disk.put("abc", in: "a")
        var bytes = [UInt8](repeating: 1, count: 8)
        #expect(try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 1) } == 2)
        #expect(bytes.prefix(3) == [98, 99, 1])
        #expect(try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 9) } == 0)
        #expect(try bytes.withUnsafeMutableBytes { try file.readCached(into: $0, at: 0) } == 3)
    }

    @Test func openModes() throws {
        #expect(throws: FileError("open", "a", code: 2)) { try disk.open("a", .read) }
        #expect(throws: FileError("open", "a", code: 2)) { try disk.open("a", .readWrite) }
        #expect(throws: FileError("open", "x/a", code: 2)) { try disk.open("x/a", .readWriteCreate) }
        _ = try disk.put("abc", in: "a")
        _ = try disk.open("a", .readWriteCreate)
        #expect(try disk.text(of: "a") == "abc")
        _ = try disk.open("a", .replace)
        #expect(try disk.text(of: "a") == "")
        try disk.createDirectory("d")
        #expect(throws: FileError("open", "d", code: 21)) { try disk.open("d", .read) }
        let readOnly = try disk.open("a", .read)
        #expect(throws: FileError("write", "a", code: 9)) { try readOnly.writeAll([1], at: 0) }
    }

    @Test func anOpenFileOutlivesItsName() throws {
        let file = try disk.put("abc", in: "a")
        let used = disk.usedBytes
        try disk.removeFile("a")
        #expect(try file.content() == Array("abc".utf8))
        #expect(disk.usedBytes == used)
    }

    @Test func roomIsFreeWhenTheLastHandleGoes() throws {
        do {
            let file = try disk.put("abc", in: "a")
            try disk.removeFile("a")
            #expect(try file.size() == 3)
        }
        #expect(disk.usedBytes == 0)
    }

    @Test func positionsOutOfRangeAreRefused() throws {
        let file = try disk.put("abc", in: "a")
        #expect(throws: FileError("write", "a", code: 22)) { try file.writeAll([1], at: -1) }
        #expect(throws: FileError("truncate", "a", code: 22)) { try file.truncate(to: .max) }
    }

    @Test func timesComeFromTheTest() throws {
        disk.now = 1000
        let file = try disk.put("abc", in: "a")
        disk.now = 2000
        #expect(try disk.status("a")?.modified == 1000)
        try file.writeAll([1], at: 0)
        #expect(try disk.status("a")?.modified == 2000)
    }
}
