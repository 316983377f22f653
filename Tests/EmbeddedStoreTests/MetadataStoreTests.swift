import Bytes
import EmbeddedStore
import Files
import Metadata
import Testing

@Suite struct MetadataStoreTests {
    let disk: SimulatedFileSystem

    init() throws { disk = try newDisk() }

    private func feature(_ level: Int16) -> MetadataRecord {
        .featureLevel(FeatureLevelRecord(name: "f", level: level))
    }

    private func batches(_ tail: MetadataTail) throws -> [MetadataBatch] {
        guard case .batches(let batches) = tail else { throw FileError("not batches", "", code: 0) }
        return batches
    }

    @Test func readersFollowTheEnd() throws {
        let store = try EmbeddedStore.open(directory, on: disk, now: 0)
        let epoch = try store.campaign(now: 0)
        #expect(try store.read(from: 0) == .batches([]))
        #expect(try store.append([feature(1), feature(2)], fencedBy: epoch, now: 7) == 0)
        let first = MetadataBatch(firstOffset: 0, controllerEpoch: 1, time: 7, records: [feature(1), feature(2)])
        #expect(try store.read(from: 0) == .batches([first]))
        #expect(try store.read(from: 2) == .batches([]))
        #expect(try store.append([feature(3)], fencedBy: epoch, now: 8) == 2)
        #expect(try batches(store.read(from: 2)).map(\.firstOffset) == [2])
        #expect(
            try batches(EmbeddedStore.open(directory, on: disk, now: 9).read(from: 0)).map(\.firstOffset) == [0, 2])
    }

    @Test func anImageComesBackFromSnapshotAndBatches() throws {
        let store = try EmbeddedStore.open(directory, on: disk, now: 0)
        let epoch = try store.campaign(now: 0)
        let loader = MetadataLoader(publishers: [])
        for number in 1...10 as ClosedRange<Int32> {
            let topic = UUID(high: 1, low: UInt64(number))
            _ = try store.append(
                [.topic(TopicRecord(name: "t\(number)", id: topic)), feature(Int16(number))], fencedBy: epoch, now: 0)
            try loader.load(store.read(from: loader.image.position.offset + 1))
            if number == 5 { try store.write(MetadataSnapshot(loader.image), now: 0) }
        }
        try store.close(now: 0)

        let next = try EmbeddedStore.open(directory, on: disk, now: 0)
        // Twice, as the second reader gets the snapshot from its file.
        for _ in 0..<2 {
            let reloaded = MetadataLoader(publishers: [])
            while reloaded.image.position.offset + 1 < next.endOffset {
                try reloaded.load(next.read(from: reloaded.image.position.offset + 1))
            }
            #expect(reloaded.image == loader.image)
        }
    }

    @Test func readersFarBehindAreServedFromTheFiles() throws {
        let store = try EmbeddedStore.open(directory, on: disk, now: 0)
        let long = MetadataRecord.configuration(
            ConfigurationRecord(resource: .topic("t"), key: "k", value: String(repeating: "v", count: 30_000)))
        for _ in 0..<100 { _ = try store.append([long], fencedBy: 0, now: 0) }
        #expect(try batches(store.read(from: 0)).map(\.firstOffset) == Array(0..<100))
        #expect(try batches(store.read(from: 41)).map(\.firstOffset) == Array(41..<100))
        #expect(try batches(store.read(from: 98)).map(\.firstOffset) == [98, 99])
    }

    @Test func recordsOfALaterVersionAreNamed() throws {
        let store = try EmbeddedStore.open(directory, on: disk, now: 0)
        _ = try store.append([EncodedRecord(type: 9999, version: 0, payload: [])], fencedBy: 0, now: 0)
        #expect(throws: StoreError.record(offset: 0, .unknownType(9999))) { try store.read(from: 0) }
    }
}
