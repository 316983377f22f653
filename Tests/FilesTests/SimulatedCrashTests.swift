import Bytes
import Files
import Testing

@Suite struct SimulatedCrashTests {
    @Test func syncedBytesWithASyncedNameStay() throws {
        let left = try outcomes { disk in
            let file = try disk.put(page("a") + page("b") + "c", in: "f")
            try file.sync()
            try disk.syncDirectory("/")
        } describe: {
            try $0.text(of: "f") ?? "gone"
        }
        #expect(left == [page("a") + page("b") + "c"])
    }

    @Test func aNameIsDurableOnlyAfterItsDirectoryIsSynced() throws {
        let left = try outcomes {
            try $0.put("a", in: "f").sync()
        } describe: {
            try $0.text(of: "f") ?? "gone"
        }
        #expect(left == ["gone", "a"])
    }

    @Test func theDirectoryItselfNeedsANameToo() throws {
        let left = try outcomes {
            try $0.createDirectory("d")
            try $0.put("a", in: "d/f").sync()
            try $0.syncDirectory("d")
        } describe: {
            try $0.text(of: "d/f") ?? "gone"
        }
        #expect(left == ["gone", "a"])
    }

    @Test func unsyncedPagesStayGoOrAreTorn() throws {
        let left = try outcomes { disk in
            let file = try disk.put(page("a") + page("b"), in: "f")
            try file.sync()
            try disk.syncDirectory("/")
            try file.writeAll(Array((page("A") + page("B")).utf8), at: 0)
        } describe: { disk in
            let bytes = try disk.open("f", .read).content()
            #expect(bytes.count == 8192)
            return [bytes[..<4096], bytes[4096...]].map { page in
                let kept = page.prefix { $0 < UInt8(ascii: "a") }.count
                #expect(page.dropFirst(kept).allSatisfy { $0 >= UInt8(ascii: "a") }, "old sectors follow new ones")
                #expect(kept % 512 == 0, "a page is torn between sectors")
                return kept == 0 ? "old" : kept == 4096 ? "new" : "torn"
            }.joined(separator: ",")
        }
        let each = ["old", "new", "torn"]
        #expect(left == Set(each.flatMap { first in each.map { first + "," + $0 } }))
    }

    @Test func unsyncedLengthIsAnyBetween() throws {
        let sizes = try outcomes(of: 0..<500) { disk in
            let file = try disk.put("ab", in: "f")
            try file.sync()
            try disk.syncDirectory("/")
            try file.writeAll(Array("cdef".utf8), at: 2)
        } describe: { disk in
            let text = try #require(try disk.text(of: "f"))
            #expect("abcdef".hasPrefix(text) || (text.hasPrefix("ab") && text.dropFirst(2).allSatisfy { $0 == "\0" }))
            return String(text.utf8.count)
        }
        #expect(sizes == ["2", "3", "4", "5", "6"])
    }

    @Test func anUnsyncedTruncationMayComeBack() throws {
        let left = try outcomes { disk in
            let file = try disk.put("abcd", in: "f")
            try file.sync()
            try disk.syncDirectory("/")
            try file.truncate(to: 0)
        } describe: {
            try $0.text(of: "f") ?? "gone"
        }
        #expect(left.isSuperset(of: ["", "abcd"]))
    }

    /// As on XFS: the journal carries the new name, the data was never written.
    @Test func renameWithoutSyncLosesTheContent() throws {
        let left = try outcomes {
            try $0.put("old", in: "f").sync()
            try $0.syncDirectory("/")
            _ = try $0.put("new", in: "f.tmp")
            try $0.rename("f.tmp", to: "f")
            try $0.syncDirectory("/")
        } describe: {
            try $0.text(of: "f") ?? "gone"
        }
        #expect(left.contains(""))
        #expect(!left.contains("old") && !left.contains("gone"))
    }

    @Test func renameAfterSyncIsOldOrNew() throws {
        let left = try outcomes {
            try $0.put("old", in: "f").sync()
            try $0.syncDirectory("/")
            try $0.put("new", in: "f.tmp").sync()
            try $0.rename("f.tmp", to: "f")
        } describe: {
            try $0.text(of: "f") ?? "gone"
        }
        #expect(left == ["old", "new"])
    }

    @Test func removedNamesComeBackUntilTheDirectoryIsSynced() throws {
        func remove(andSync: Bool) throws -> Set<String> {
            try outcomes {
                try $0.put("a", in: "f").sync()
                try $0.syncDirectory("/")
                try $0.removeFile("f")
                if andSync { try $0.syncDirectory("/") }
            } describe: {
                try $0.text(of: "f") ?? "gone"
            }
        }
        #expect(try remove(andSync: false) == ["a", "gone"])
        #expect(try remove(andSync: true) == ["gone"])
    }

    @Test func aJournalKeepsTheOrderOfNames() throws {
        func left(isJournaled: Bool) throws -> Set<[String]> {
            var seen: Set<[String]> = []
            for seed in 0..<200 as Range<UInt64> {
                let disk = SimulatedFileSystem()
                for name in ["1", "2", "3"] { _ = try disk.open(name, .replace) }
                var generator = SeededGenerator(seed: seed)
                seen.insert(try disk.crash(using: &generator, isJournaled: isJournaled).list("/"))
            }
            return seen
        }
        #expect(try left(isJournaled: true) == [[], ["1"], ["1", "2"], ["1", "2", "3"]])
        #expect(try left(isJournaled: false).count == 8)
    }

    @Test func aMoveBetweenDirectoriesNeverLosesTheFile() throws {
        for synced in ["one", "two"] {
            let left = try outcomes {
                try $0.createDirectory("one")
                try $0.createDirectory("two")
                try $0.put("a", in: "one/f").sync()
                try $0.volume(of: "/").sync()
                try $0.rename("one/f", to: "two/f")
                try $0.syncDirectory(synced)
            } describe: {
                "\(try $0.text(of: "one/f") ?? "-")\(try $0.text(of: "two/f") ?? "-")"
            }
            #expect(left == (synced == "one" ? ["-a"] : ["-a", "aa"]))
        }
    }

    @Test func syncOfTheFileSystemCoversEverything() throws {
        let left = try outcomes {
            try $0.createDirectory("d/e")
            _ = try $0.put(page("a"), in: "d/e/f")
            _ = try $0.put("b", in: "g")
            try $0.volume(of: "/").sync()
        } describe: {
            (try $0.text(of: "d/e/f") ?? "gone") + (try $0.text(of: "g") ?? "gone")
        }
        #expect(left == [page("a") + "b"])
    }

    @Test func whatOutlivedACrashIsDurable() throws {
        var generator = SeededGenerator(seed: 3)
        let disk = SimulatedFileSystem()
        _ = try disk.put(page("a") + page("b") + page("c"), in: "f")
        var next = disk.crash(using: &generator)
        let left = try next.text(of: "f")
        for _ in 0..<20 {
            next = next.crash(using: &generator)
            #expect(try next.text(of: "f") == left)
        }
    }

    @Test func oldHandlesAreDeadAfterACrash() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.put("a", in: "f")
        var generator = SeededGenerator(seed: 0)
        _ = disk.crash(using: &generator)
        #expect(throws: FileError("write", "f", code: 5)) { try file.writeAll([1], at: 0) }
        #expect(throws: FileError("sync", "f", code: 5)) { try file.sync() }
        #expect(throws: FileError("open", "f", code: 5)) { try disk.open("f", .read) }
    }

    @Test func killKeepsWhatWasNotSynced() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.put("a", in: "f")
        _ = try disk.put("b", in: "removed")
        let open = try disk.open("removed", .read)
        try disk.removeFile("removed")
        let next = disk.kill()
        #expect(try next.text(of: "f") == "a")
        #expect(try next.list("/") == ["f"])
        #expect(next.usedBytes == 4096)
        #expect(throws: FileError("write", "f", code: 5)) { try file.writeAll([1], at: 0) }
        #expect(throws: FileError.self) { try open.size() }
        // What was not synced before the kill is still not synced.
        var seen: Set<String> = []
        for seed in 0..<50 as Range<UInt64> {
            let disk = SimulatedFileSystem()
            _ = try disk.put("a", in: "f")
            var generator = SeededGenerator(seed: seed)
            seen.insert(try disk.kill().crash(using: &generator).text(of: "f") ?? "gone")
        }
        #expect(seen.isSuperset(of: ["a", "gone", ""]))
    }

    @Test func powerCutInTheMiddle() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.put("a", in: "f")
        try file.sync()
        try disk.syncDirectory("/")
        disk.cutPower(afterChanges: 1)
        try disk.rename("f", to: "g")
        #expect(throws: FileError("syncDirectory", "/", code: 5)) { try disk.syncDirectory("/") }
        #expect(throws: FileError.self) { try disk.list("/") }
        var generator = SeededGenerator(seed: 0)
        #expect([["f"], ["g"]].contains(try disk.crash(using: &generator).list("/")))
    }

    @Test func theSameSeedGivesTheSameCrash() throws {
        func run() throws -> [UInt8] {
            var generator = SeededGenerator(seed: 42)
            let disk = SimulatedFileSystem(seed: 42)
            let file = try disk.put((0..<20).map { page(Character(UnicodeScalar(97 + UInt8($0)))) }.joined(), in: "f")
            try disk.syncDirectory("/")
            return try disk.crash(using: &generator).open(file.path, .read).content()
        }
        #expect(try run() == run())
    }
}
