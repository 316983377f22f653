import Files
import Testing

@Suite struct SimulatedNamesTests {
    let disk = SimulatedFileSystem(seed: 1)

    @Test func directories() throws {
        try disk.createDirectory("/data/a/b")
        try disk.createDirectory("/data/a")
        _ = try disk.put("x", in: "/data/a/2")
        _ = try disk.put("x", in: "data/a/1")
        #expect(try disk.list("/data/a") == ["1", "2", "b"])
        #expect(try disk.status("/data/a")?.isDirectory == true)
        #expect(try disk.status("/data/c") == nil)
        #expect(throws: FileError("list", "/no", code: 2)) { try disk.list("/no") }
        #expect(throws: FileError("list", "/data/a/1", code: 20)) { try disk.list("/data/a/1") }
        try disk.removeDirectory("/data/a")
        #expect(try disk.list("/data") == [])
        #expect(disk.usedBytes == 0)
    }

    @Test func renameReplaces() throws {
        _ = try disk.put("new", in: "a")
        _ = try disk.put("old", in: "b")
        try disk.rename("a", to: "b")
        #expect(try disk.list("/") == ["b"])
        #expect(try disk.text(of: "b") == "new")
        #expect(throws: FileError("rename", "a", code: 2)) { try disk.rename("a", to: "b") }
    }

    @Test func renameOfDirectories() throws {
        try disk.createDirectory("a/x")
        _ = try disk.put("1", in: "a/x/f")
        try disk.createDirectory("full/y")
        #expect(throws: FileError("rename", "a", code: 39)) { try disk.rename("a", to: "full") }
        try disk.createDirectory("empty")
        try disk.rename("a", to: "empty")
        #expect(try disk.text(of: "empty/x/f") == "1")
    }

    @Test func oneHolderOfALock() throws {
        let lock = try #require(try disk.lock("/.lock"))
        #expect(try disk.lock(".lock") == nil)
        lock.release()
        #expect(try disk.lock("/.lock") != nil)
    }

    @Test func theEndOfTheProcessFreesItsLocks() throws {
        _ = try #require(try disk.lock(".lock"))
        #expect(try disk.kill().lock(".lock") != nil)
    }
}
