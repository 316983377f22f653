import EmbeddedStore
import Files
import Simulator
import Testing

@Suite struct StoreDamageTests {
    /// Appends of several sizes, some with zeros in them, and a record for each.
    private static let texts = [
        "a", "", String(repeating: "b", count: 550), "c\0\0\0\0", String(repeating: "d", count: 40),
    ]

    private static func filled(snapshots: Int, cleanly: Bool) throws -> (
        files: [String: [UInt8]], records: [EncodedRecord]
    ) {
        let disk = try newDisk()
        let (store, _) = try open(disk)
        _ = try store.campaign(now: 1)
        var records: [EncodedRecord] = []
        for round in 0...snapshots {
            for text in texts {
                let batch = [record(text), record("\(round)", type: 2)]
                _ = try store.append(batch, fencedBy: 1, now: 1_700_000_000_000)
                records += batch
            }
            if round < snapshots { try store.snapshot(records, now: 1_700_000_000_000) }
        }
        if cleanly { try store.close(now: 1_700_000_000_001) }
        return (try disk.storeFiles(), records)
    }

    /// Flips one bit after another of all files, in each byte or in some (see `DamageSampler`): what opens has the same records, or says that some were cut.
    @Test(arguments: [(0, true), (0, false), (1, true), (2, false)])
    func noFlippedBitGoesUnnoticed(snapshots: Int, cleanly: Bool) throws {
        let (files, records) = try StoreDamageTests.filled(snapshots: snapshots, cleanly: cleanly)
        var refused = 0
        var restored = 0
        var sampler = DamageSampler(each: 7)
        for (name, content) in files {
            for position in content.indices where sampler.takesNext() {
                var damaged = files
                damaged[name]?[position] ^= 1 << UInt8(position % 8)
                let disk = try newDisk(holding: damaged)
                do {
                    let contents = try open(disk).contents
                    #expect(contents.records == records, "\(name) at \(position): \(contents.notices)")
                    restored += 1
                } catch {
                    guard case .corrupt = error else { throw error }
                    #expect(try disk.storeFiles() == damaged, "a refused store is left as it is")
                    refused += 1
                }
            }
        }
        #expect(refused > 0)
        #expect(snapshots == 0 || restored > 0)
    }

    @Test func aTornTailIsCutAtEveryByte() throws {
        let (files, records) = try StoreDamageTests.filled(snapshots: 0, cleanly: false)
        let name = "00000000000000000000.journal"
        let whole = try #require(files[name])
        var boundaries: Set<Int> = []
        for size in whole.indices {
            let disk = try newDisk(holding: [name: Array(whole[..<size])])
            guard size >= 36 else {
                #expect(throws: StoreError.corrupt(path: directory + "/" + name, position: 0, .header)) {
                    try open(disk)
                }
                continue
            }
            let (store, contents) = try open(disk)
            #expect(contents.records == Array(records.prefix(contents.records.count)))
            #expect(contents.records.count == Int(store.endOffset))
            if contents.notices.isEmpty { boundaries.insert(size) }
            #expect(try store.append([record("next")], fencedBy: store.controllerEpoch, now: 0) == store.endOffset - 1)
            #expect(try open(disk).contents.notices.isEmpty, "what was cut is gone")
        }
        // Behind the header, the campaign and all appends but the last.
        #expect(boundaries.count == 2 + StoreDamageTests.texts.count - 1)
    }

    /// Every file of a store with snapshots, cut at every length: all records are there, or the last ones are missing that a
    /// power loss may have taken, or the store is refused.
    @Test(arguments: [true, false]) func noShortenedFileGoesUnnoticed(wasClosed: Bool) throws {
        let (files, records) = try StoreDamageTests.filled(snapshots: 2, cleanly: wasClosed)
        let last = try #require(files.keys.filter { $0.hasSuffix(".journal") }.max())
        let perRound = StoreDamageTests.texts.count * 2
        var counts = (whole: 0, shortened: 0, refused: 0)
        var sampler = DamageSampler(each: 7)
        for (name, content) in files {
            for size in content.indices where sampler.takesNext() {
                var damaged = files
                damaged[name] = Array(content[..<size])
                let disk = try newDisk(holding: damaged)
                do {
                    let store = try EmbeddedStore.open(directory, on: disk, wasClosed: wasClosed, now: 0)
                    if store.contents.records == records {
                        counts.whole += 1
                        continue
                    }
                    #expect(name == last && !wasClosed, "\(name) cut at \(size) lost records")
                    #expect(store.contents.records.count >= records.count - perRound)
                    #expect(Array(records.prefix(store.contents.records.count)) == store.contents.records)
                    counts.shortened += 1
                } catch {
                    #expect(try disk.storeFiles() == damaged, "a refused store is left as it is")
                    counts.refused += 1
                }
            }
        }
        print("store cut: closed=\(wasClosed) \(counts)")
        #expect(counts.refused > 0 && counts.whole > 0 && (counts.shortened > 0) != wasClosed)
    }

    /// After a clean stop no power loss explains that an end is missing, wherever the journal is cut.
    @Test func aClosedStoreHasItsEnd() throws {
        let (files, records) = try StoreDamageTests.filled(snapshots: 0, cleanly: true)
        let name = "00000000000000000000.journal"
        let path = directory + "/" + name
        let whole = try #require(files[name])
        var sampler = DamageSampler(each: 7)
        for size in 36..<whole.count where sampler.takesNext() {
            let cut = [name: Array(whole[..<size])]
            let disk = try newDisk(holding: cut)
            let error = try #require(throws: StoreError.self) {
                try EmbeddedStore.open(directory, on: disk, wasClosed: true, now: 0)
            }
            guard case .corrupt(path, let position, .truncated) = error else {
                Issue.record("cut at \(size): \(error)")
                return
            }
            #expect(position <= Int64(size))
            #expect(try disk.storeFiles() == cut, "a refused store is left as it is")
        }
        let store = try EmbeddedStore.open(directory, on: newDisk(holding: files), wasClosed: true, now: 0)
        #expect(store.contents.records == records)
    }

    @Test func aStoreThatWasThereIsNotMadeAnew() throws {
        let disk = try newDisk()
        #expect(throws: StoreError.missing(directory: directory)) {
            try EmbeddedStore.open(directory, on: disk, mayBeNew: false, now: 0)
        }
        _ = try EmbeddedStore.open(directory, on: disk, now: 0)
        _ = try EmbeddedStore.open(directory, on: disk, mayBeNew: false, now: 0)
    }

    /// Sectors of the last frame that were never written read as zeros.
    @Test func aTailWithUnwrittenSectorsIsCut() throws {
        let disk = try newDisk()
        let (store, _) = try open(disk)
        _ = try store.append([record(String(repeating: "x", count: 300))], fencedBy: 0, now: 0)
        let path = directory + "/00000000000000000000.journal"
        let before = try disk.content(path)
        _ = try store.append([record(String(repeating: "y", count: 2000))], fencedBy: 0, now: 0)
        let whole = try disk.content(path)
        let sectors = Array((before.count / 512)...((whole.count - 1) / 512))
        for written in 0..<(1 << sectors.count) - 1 {
            var torn = whole
            for (index, sector) in sectors.enumerated() where written & 1 << index == 0 {
                for position in max(sector * 512, before.count)..<min(sector * 512 + 512, whole.count) {
                    torn[position] = 0
                }
            }
            let contents = try open(newDisk(holding: ["00000000000000000000.journal": torn])).contents
            #expect(contents.records.count == 1)
            #expect(
                contents.notices == [.cutTornTail(path: path, offset: 1, bytes: whole.count - before.count)])
        }
    }

    @Test func anOlderSnapshotServesWhenTheNewestIsDamaged() throws {
        var (files, records) = try StoreDamageTests.filled(snapshots: 2, cleanly: true)
        let newest = try #require(files.keys.filter { $0.hasSuffix(".snapshot") }.max())
        files[newest]?[100] ^= 1
        let contents = try open(newDisk(holding: files)).contents
        #expect(contents.records == records)
        guard case .skippedSnapshot(directory + "/" + newest, .corrupt) = contents.notices.first else {
            Issue.record("no notice of the damage: \(contents.notices)")
            return
        }
    }

    @Test func missingFilesAreNoticed() throws {
        let (files, _) = try StoreDamageTests.filled(snapshots: 1, cleanly: true)
        #expect(
            files.keys.sorted().map { String($0.drop { $0 == "0" }) } == [
                ".journal", "10-0000000001.snapshot", "10.journal",
            ])
        let last = "00000000000000000010.journal"
        var without = files
        without[last] = nil
        // The journal before it still reaches the snapshot; nothing tells that there was another.
        #expect(try open(newDisk(holding: without)).contents.records.count == 10)
        without["00000000000000000000.journal"] = nil
        #expect(throws: StoreError.missingRecords(from: 10, directory: directory)) {
            try open(newDisk(holding: without))
        }
        var onlyLast = files
        onlyLast["00000000000000000000.journal"] = nil
        onlyLast["00000000000000000010-0000000001.snapshot"] = nil
        #expect(throws: StoreError.missingRecords(from: 0, directory: directory)) {
            try open(newDisk(holding: onlyLast))
        }
    }
}
