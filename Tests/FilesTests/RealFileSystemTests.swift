import Files
import Glibc
import Testing

/// A directory that goes away with the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = "/tmp/martlet-files-\(UInt64.random(in: 0 ... .max))"
        try RealFileSystem().createDirectory(path)
    }

    deinit { try? RealFileSystem().removeDirectory(path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

struct RealFileSystemTests {
    let fileSystem = RealFileSystem()
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func contents(_ file: any File, at position: Int64 = 0, count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: count)
        let read = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: position) }
        return Array(bytes[..<read])
    }

    @Test func failuresAreToldInWords() {
        let error = #expect(throws: FileError.self) { try fileSystem.createDirectory("/proc/nope") }
        #expect(error.map { "\($0)" } == "cannot create /proc/nope: No such file or directory")
        #expect(error?.isForbidden == false)
        let refused = FileError("pwritev", "/a/b", code: EACCES)
        #expect("\(refused)" == "cannot write /a/b: Permission denied")
        #expect(refused.isForbidden)
    }

    @Test func writesPiecesOneAfterAnotherAndReadsThemBack() throws {
        let file = try fileSystem.open(directory("a"), .readWriteCreate)
        let parts: [[UInt8]] = [[1, 2, 3], [], [4], [5, 6]]
        let written = try parts[0].withUnsafeBytes { first in
            try parts[2].withUnsafeBytes { second in
                try parts[3].withUnsafeBytes { third in
                    try file.write([first, UnsafeRawBufferPointer(start: nil, count: 0), second, third], at: 10)
                }
            }
        }
        #expect(written == 6)
        #expect(try file.size() == 16)
        #expect(try contents(file, at: 8, count: 100) == [0, 0, 1, 2, 3, 4, 5, 6])
        #expect(try contents(file, at: 16, count: 4) == [])
    }

    @Test func writesMorePiecesThanOneCallTakes() throws {
        let file = try fileSystem.open(directory("many"), .readWriteCreate)
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        try bytes.withUnsafeBytes { whole in
            try file.writeAll(
                (0..<whole.count).map { UnsafeRawBufferPointer(rebasing: whole[$0..<($0 + 1)]) }, at: 0)
        }
        #expect(try contents(file, count: 6000) == bytes)
    }

    @Test func cachedReadsSeeWhatWasJustWritten() throws {
        let file = try fileSystem.open(directory("cached"), .readWriteCreate)
        try file.writeAll([1, 2, 3, 4], at: 0)
        var bytes = [UInt8](repeating: 0, count: 8)
        let read = try bytes.withUnsafeMutableBytes { try file.readCached(into: $0, at: 1) }
        #expect(read == nil || read == 3)
        if read == 3 { #expect(bytes[..<3] == [2, 3, 4]) }
    }

    @Test func openModes() throws {
        #expect(throws: FileError("open", directory("none"), code: ENOENT)) {
            try fileSystem.open(directory("none"), .readWrite)
        }
        try fileSystem.open(directory("a"), .readWriteCreate).writeAll([1, 2, 3], at: 0)
        #expect(try fileSystem.open(directory("a"), .readWriteCreate).size() == 3)
        let reader = try fileSystem.open(directory("a"), .read)
        #expect(throws: FileError.self) { try reader.writeAll([9], at: 0) }
        #expect(try fileSystem.open(directory("a"), .replace).size() == 0)
    }

    @Test func allocationKeepsTheLengthAndTruncationSetsIt() throws {
        let file = try fileSystem.open(directory("a"), .readWriteCreate)
        try file.writeAll([1, 2, 3], at: 0)
        try file.allocate(at: 0, count: 1 << 20)
        #expect(try file.size() == 3)
        try file.truncate(to: 2)
        try file.sync()
        #expect(try contents(file, count: 10) == [1, 2])
    }

    @Test func directoriesAreMadeListedAndRemovedWithAllInThem() throws {
        try fileSystem.createDirectory(directory("x/y/z"))
        try fileSystem.createDirectory(directory("x/y"))
        _ = try fileSystem.open(directory("x/y/b"), .readWriteCreate)
        _ = try fileSystem.open(directory("x/y/a"), .readWriteCreate)
        try fileSystem.syncDirectory(directory("x/y"))
        #expect(try fileSystem.list(directory("x/y")) == ["a", "b", "z"])
        #expect(try fileSystem.status(directory("x/y"))?.isDirectory == true)
        #expect(throws: FileError.self) { try fileSystem.createDirectory(directory("x/y/a")) }
        try fileSystem.removeDirectory(directory("x"))
        #expect(try fileSystem.status(directory("x")) == nil)
        #expect(throws: FileError("opendir", directory("x"), code: ENOENT)) { try fileSystem.list(directory("x")) }
    }

    @Test func removingADirectoryDoesNotFollowLinksOutOfIt() throws {
        try fileSystem.createDirectory(directory("kept"))
        try fileSystem.createDirectory(directory("gone"))
        _ = try fileSystem.open(directory("kept/file"), .readWriteCreate)
        #expect(symlink(directory("kept"), directory("gone/link")) == 0)
        try fileSystem.removeDirectory(directory("gone"))
        #expect(try fileSystem.list(directory("kept")) == ["file"])
    }

    @Test func renameReplacesAndAnOpenFileKeepsItsBytes() throws {
        let old = try fileSystem.open(directory("old"), .readWriteCreate)
        try old.writeAll([1], at: 0)
        try fileSystem.open(directory("new"), .readWriteCreate).writeAll([2], at: 0)
        try fileSystem.rename(directory("new"), to: directory("old"))
        #expect(try contents(old, count: 1) == [1])
        #expect(try contents(fileSystem.open(directory("old"), .read), count: 1) == [2])
        try fileSystem.removeFile(directory("old"))
        #expect(try fileSystem.list(directory.path) == [])
        #expect(throws: FileError.self) { try fileSystem.removeFile(directory("old")) }
    }

    @Test func lockIsHeldByOneOpeningOnly() throws {
        let lock = try #require(try fileSystem.lock(directory(".lock")))
        #expect(try fileSystem.lock(directory(".lock")) == nil)
        lock.release()
        #expect(try fileSystem.lock(directory(".lock")) != nil)
    }

    @Test func knowsTheSpaceAndSyncsTheWholeFileSystem() throws {
        let space = try fileSystem.space(directory.path)
        #expect(space.total > 0 && space.usable >= 0 && space.usable <= space.total)
        try fileSystem.volume(of: directory.path).sync()
    }
}
