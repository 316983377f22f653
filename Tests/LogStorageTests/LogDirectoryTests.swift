import Bytes
import Files
import LogStorage
import Testing

struct LogDirectoryTests {
    let temporary: TemporaryDirectory
    let fileSystem = RealFileSystem()
    let id = UUID(high: 1, low: 2)

    init() throws { temporary = try TemporaryDirectory() }

    private func open(clusterID: String? = "c1", nodeID: Int32 = 1) throws -> LogDirectory {
        try LogDirectory.open(temporary.path, fileSystem, clusterID: clusterID, nodeID: nodeID, newID: id)
    }

    private func text(_ name: String) throws -> String {
        let file = try fileSystem.open("\(temporary.path)/\(name)", .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func isFormattedOnceAndKeepsItsIdentity() throws {
        #expect(throws: LogDirectoryError.badMeta(path: temporary.path, key: "cluster.id")) {
            try open(clusterID: nil)
        }
        let first = try open()
        #expect(first.id == id && !first.wasCleanShutdown && first.isNew)
        #expect(try fileSystem.status("\(temporary.path)/meta.properties") == nil)
        try first.takeOver()
        #expect(
            try text("meta.properties").hasPrefix("cluster.id=c1\ndirectory.id=\(id)\nnode.id=1\nversion=1\n"))
        first.release()
        let again = try LogDirectory.open(
            temporary.path, fileSystem, clusterID: nil, nodeID: 1, newID: UUID(high: 9, low: 9))
        #expect(again.id == id && again.clusterID == "c1" && !again.isNew)
    }

    @Test func aSecondOpeningIsRefused() throws {
        let first = try open()
        #expect(throws: LogDirectoryError.inUse(path: temporary.path)) { try open() }
        first.release()
        _ = try open()
    }

    @Test func foreignAndMismatchedDirectoriesAreRefused() throws {
        let first = try open()
        try first.takeOver()
        first.release()
        #expect(throws: LogDirectoryError.otherCluster(path: temporary.path, found: "c1", expected: "c2")) {
            try open(clusterID: "c2")
        }
        #expect(throws: LogDirectoryError.otherNode(path: temporary.path, found: 1, expected: 2)) {
            try open(nodeID: 2)
        }
        for name in ["__cluster_metadata-0", "bootstrap.checkpoint"] {
            try fileSystem.createDirectory("\(temporary.path)/\(name)")
            #expect(throws: LogDirectoryError.foreign(path: temporary.path, name: name)) { try open() }
            try fileSystem.removeDirectory("\(temporary.path)/\(name)")
        }
        _ = try fileSystem.open("\(temporary.path)/meta.properties", .replace)
        #expect(throws: LogDirectoryError.badMeta(path: temporary.path, key: "version")) { try open() }
    }

    @Test func theMarkerOfACleanStopCountsOnce() throws {
        let first = try open()
        try first.markCleanShutdown(brokerEpoch: 5)
        #expect(try text(".kafka_cleanshutdown") == #"{"version":0,"brokerEpoch":5}"#)
        first.release()
        let second = try open()
        #expect(second.wasCleanShutdown)
        second.release()
        let third = try open()
        #expect(third.wasCleanShutdown, "a start that was refused has changed nothing")
        try third.takeOver()
        third.release()
        #expect(try !open().wasCleanShutdown)
    }

    @Test func partitionsAreMadeListedAndTakenAway() throws {
        let directory = try open()
        let topicID = UUID(high: 3, low: 4)
        let partitions = [("a-b", 10), ("a-b", 2), ("t", 0)].map { TopicPartition(topic: $0, partition: Int32($1)) }
        for partition in partitions { _ = try directory.createPartition(partition, topicID: topicID) }
        try fileSystem.createDirectory("\(temporary.path)/metadata")
        try fileSystem.createDirectory("\(temporary.path)/no-number-x")
        _ = try fileSystem.open("\(temporary.path)/file-1", .readWriteCreate)
        #expect(try text("t-0/partition.metadata").hasPrefix("version: 0\ntopic_id: \(topicID)\n"))
        var found = try directory.partitions()
        #expect(found.partitions.map(\.partition) == [partitions[1], partitions[0], partitions[2]])
        #expect(found.partitions.allSatisfy { $0.topicID == topicID })
        #expect(found.deleted == [])

        let gone = try directory.deletePartition(partitions[2], token: UUID(high: 7, low: 8))
        #expect(gone == "\(temporary.path)/t-0.00000000000000070000000000000008-delete")
        found = try directory.partitions()
        #expect(found.partitions.count == 2)
        #expect(found.deleted == [gone])
        try directory.removeDeleted(gone)
        #expect(try directory.partitions().deleted == [])
    }

    @Test func checkpointsAreReadBackAndBadOnesAreNot() throws {
        let offsets = [
            TopicPartition(topic: "b", partition: 1): Int64(7),
            TopicPartition(topic: "a-1", partition: 0): (Int64(1) << 62) - 1,
        ]
        for checkpoint in OffsetCheckpoint.allCases {
            #expect(try checkpoint.read(in: temporary.path, fileSystem) == [:])
            try checkpoint.write(offsets, in: temporary.path, fileSystem, sync: true)
            #expect(try checkpoint.read(in: temporary.path, fileSystem) == offsets)
        }
        let name = OffsetCheckpoint.recoveryPoint.rawValue
        #expect(try text(name).hasPrefix("0\n2\na-1 0 4611686018427387903\nb 1 7"))
        for bad in [
            "", "0\n", "1\n0\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 -1\n", "0\n1\na 0 4611686018427387904\n",
            "0\n1\na 0 9223372036854775807\n", "0\n1\na 0 1",
        ] {
            try fileSystem.open("\(temporary.path)/\(name)", .replace).writeAll(Array(bad.utf8), at: 0)
            #expect(try OffsetCheckpoint.recoveryPoint.read(in: temporary.path, fileSystem) == nil, "\(bad)")
        }
    }
}
