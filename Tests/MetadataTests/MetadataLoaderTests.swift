import Bytes
import Testing

@testable import Metadata

@Suite struct MetadataLoaderTests {
    private final class Recorder: Publisher {
        let name: String
        let log: Log
        init(_ name: String, _ log: Log) {
            self.name = name
            self.log = log
        }

        func publish(_ delta: ClusterDelta, _ image: ClusterImage) {
            log.lines.append("\(name) \(delta.base.position.offset) \(image.position.offset) \(image.nextProducerId)")
        }
    }

    private final class Log {
        var lines: [String] = []
    }

    private func batch(_ offset: Int64, nextId: Int64) -> MetadataBatch {
        let record = ProducerIdsRecord(brokerId: 1, brokerEpoch: 0, nextId: nextId)
        return MetadataBatch(firstOffset: offset, controllerEpoch: 1, time: 0, records: [.producerIds(record)])
    }

    @Test func publishersAreServedInTheirOrder() throws {
        let log = Log()
        let loader = MetadataLoader(publishers: [Recorder("a", log), Recorder("b", log)])
        try loader.load(.batches([batch(0, nextId: 5), batch(1, nextId: 6)]))
        try loader.load(.batches([]))
        try loader.load(.batches([batch(1, nextId: 6), batch(2, nextId: 7)]))
        #expect(log.lines == ["a -1 1 6", "b -1 1 6", "a 1 2 7", "b 1 2 7"])
        #expect(loader.image.nextProducerId == 7)
    }

    @Test func whatDoesNotFitChangesNothing() throws {
        let log = Log()
        let loader = MetadataLoader(publishers: [Recorder("a", log)])
        try loader.load(.batches([batch(0, nextId: 5)]))
        let before = loader.image
        #expect(throws: MetadataReplayError.self) {
            try loader.load(.batches([batch(1, nextId: 6), batch(3, nextId: 7)]))
        }
        #expect(loader.image == before)
        #expect(log.lines.count == 1)
    }

    @Test func aSnapshotIsPublishedAsAChange() throws {
        let log = Log()
        let loader = MetadataLoader(publishers: [Recorder("a", log)])
        try loader.load(.batches([batch(0, nextId: 5)]))
        let position = MetadataPosition(offset: 9, controllerEpoch: 2)
        let record = ProducerIdsRecord(brokerId: -1, brokerEpoch: -1, nextId: 50)
        try loader.load(.snapshot(MetadataSnapshot(position: position, records: [.producerIds(record)])))
        try loader.load(.batches([batch(10, nextId: 60)]))
        #expect(log.lines == ["a -1 0 5", "a 0 9 50", "a 9 10 60"])
    }
}
