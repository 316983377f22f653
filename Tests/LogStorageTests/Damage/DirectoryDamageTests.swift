import Bytes
import Files
import LogStorage
import Simulator
import Testing

/// What says whose a directory is, cut at every length and changed in every bit: it is read right, or it is not believed.
struct DirectoryDamageTests {
    private let id = UUID(high: 0x1122_3344_5566_4788, low: 0x9900_AABB_CCDD_EEFF)
    private let partition = TopicPartition(topic: "t", partition: 3)

    /// A directory that was taken over, with a partition of the topic.
    private func disk() throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem(seed: 5)
        let directory = try LogDirectory.open("/d", disk, clusterID: "cluster", nodeID: 7, newID: id)
        try directory.takeOver()
        _ = try directory.createPartition(partition, topicID: id)
        directory.release()
        return disk
    }

    private func damages(of content: [UInt8]) -> [[UInt8]] {
        var sampler = DamageSampler(each: 5)
        return SmallFileDamageTests.damages(of: content, (0..<8).map { 1 << $0 }, &sampler).compactMap(\.content)
    }

    @Test func theDirectoryIsItsOwnOrRefused() throws {
        var disk = try disk()
        let path = "/d/meta.properties"
        let content = try disk.content(path)
        var refused = 0
        let damages = damages(of: content)
        for damaged in damages {
            try disk.open(path, .replace).writeAll(damaged, at: 0)
            do {
                let directory = try LogDirectory.open("/d", disk, clusterID: nil, nodeID: 7, newID: .zero)
                #expect(directory.id == id && directory.clusterID == "cluster" && !directory.isNew)
                directory.release()
            } catch {
                guard case .badMeta(path: "/d", key: _) = error else { throw error }
                refused += 1
                disk = disk.kill()
            }
        }
        #expect(refused > damages.count / 2)
    }

    @Test func thePartitionIsOfItsTopicOrDoesNotSay() throws {
        let disk = try disk()
        let directory = try LogDirectory.open("/d", disk, clusterID: nil, nodeID: 7, newID: .zero)
        let path = "/d/t-3/partition.metadata"
        var unknown = 0
        for damaged in damages(of: try disk.content(path)) {
            try disk.open(path, .replace).writeAll(damaged, at: 0)
            let found = try directory.topicID(of: partition)
            #expect(found == id || found == nil)
            if found == nil { unknown += 1 }
        }
        #expect(unknown > 0)
    }

    @Test func filesWithoutChecksumsAreRead() throws {
        let disk = try disk()
        try disk.open("/d/meta.properties", .replace).writeAll(
            Array("#\nversion=1\ncluster.id=other\nnode.id=7\ndirectory.id=\(id)\n".utf8), at: 0)
        try disk.open("/d/t-3/partition.metadata", .replace).writeAll(
            Array("version: 0\ntopic_id: \(id)".utf8), at: 0)
        try disk.open("/d/recovery-point-offset-checkpoint", .replace).writeAll(
            Array("0\n2\nt 3 11\nu 0 12\n".utf8), at: 0)
        let directory = try LogDirectory.open("/d", disk, clusterID: nil, nodeID: 7, newID: .zero)
        #expect(directory.clusterID == "other")
        #expect(try directory.topicID(of: partition) == id)
        #expect(
            try OffsetCheckpoint.recoveryPoint.read(in: "/d", disk) == [
                partition: 11, TopicPartition(topic: "u", partition: 0): 12,
            ])
    }

    /// Kafka splits an entry at white space and takes no notice of what is behind the last field.
    @Test func checkpointsAreKafkasButForWhiteSpace() throws {
        let disk = try disk()
        try OffsetCheckpoint.recoveryPoint.write([partition: 11], in: "/d", disk, sync: true)
        let text = String(decoding: try disk.content("/d/recovery-point-offset-checkpoint"), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4 && lines[0] == "0" && lines[1] == "1" && lines[3] == "")
        #expect(lines[2].hasPrefix("t 3 11"))
        #expect(lines[2].dropFirst("t 3 11".count).allSatisfy { $0 == " " || $0 == "\t" })
        #expect(lines[2].utf8.count == "t 3 11".utf8.count + 32)
    }
}
