import Bytes
import Configuration
import Files
import KafkaProtocol
import KafkaProtocolMore
import Logging
import Metadata
import Synchronization
import Testing

@testable import Broker

/// Keeps what is logged, without the time.
private final class Lines: LogSink {
    private let stored = Mutex<[String]>([])
    var all: [String] { stored.withLock { $0 } }

    func write(_ line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        stored.withLock { $0.append(String(text.drop { $0 != " " }.dropFirst())) }
    }

    func contains(_ parts: String...) -> Bool { all.contains { line in parts.allSatisfy(line.contains) } }
}

@Suite struct MetadataNewsTests {
    private let lines = Lines()
    private let id = UUID(high: 1, low: 1)

    private func news(level: LogLevel = .info) -> MetadataNews {
        MetadataNews(Logger(label: "controller", system: LogSystem(sink: lines, level: level)))
    }

    private func delta(_ records: [MetadataRecord], over base: ClusterImage = .empty) throws -> ClusterDelta {
        var delta = ClusterDelta(base: base)
        try delta.replay(
            MetadataBatch(firstOffset: base.position.offset + 1, controllerEpoch: 1, time: 0, records: records))
        return delta
    }

    private func topic(_ name: String, _ id: UUID, partitions: Range<Int32> = 0..<1) -> [MetadataRecord] {
        let state = PartitionState(
            replicas: [1], directories: [.zero], inSyncReplicas: [1], leader: 1)
        let rows = partitions.map { PartitionRecord(topicId: id, partition: $0, state: state) }
        return (partitions.first == 0 ? [.topic(TopicRecord(name: name, id: id))] : []) + rows.map { .partition($0) }
    }

    private func setting(_ resource: ConfigurationResource, _ key: String, _ value: String?) -> MetadataRecord {
        .configuration(ConfigurationRecord(resource: resource, key: key, value: value))
    }

    @Test func eachChangeIsTold() throws {
        var news = news()
        let made = try delta(topic("t", id, partitions: 0..<2) + [setting(.topic("t"), "retention.ms", "5")])
        news.tell(made, at: 0)
        let grown = try delta(topic("t", id, partitions: 2..<3), over: made.image)
        news.tell(grown, at: 0)
        let altered = try delta(
            [
                setting(.topic("t"), "retention.ms", nil), setting(.topic("t"), "segment.bytes", "1048576"),
                .leaderEpochRise(LeaderEpochRiseRecord(brokerId: 1)),
            ], over: grown.image)
        news.tell(altered, at: 0)
        let removed = try delta([.topicRemoval(TopicRemovalRecord(topicId: id))], over: altered.image)
        news.tell(removed, at: 0)
        #expect(
            lines.all == [
                "INFO controller: created topic topic=t id=\(id) partitions=2 settings=\"retention.ms=5\"",
                "INFO controller: added partitions topic=t partitions=3 before=2",
                "INFO controller: changed configuration resource=topic name=t "
                    + "settings=\"retention.ms removed, segment.bytes=1048576\"",
                "INFO controller: deleted topic topic=t partitions=3",
            ])
    }

    @Test func secretsAreNotTold() throws {
        var news = news()
        let records = [
            setting(.allBrokers, "ssl.key.password", "xyzzy"), setting(.allBrokers, "log.retention.ms", "7"),
            setting(.allBrokers, "not.a.key", "plugh"),
        ]
        news.tell(try delta(records), at: 0)
        #expect(
            lines.all == [
                "INFO controller: changed configuration resource=broker name=(default) "
                    + "settings=\"log.retention.ms=7, not.a.key=[hidden], ssl.key.password=[hidden]\""
            ])
    }

    @Test func quotasAreTold() throws {
        var news = news()
        let entity = ClientQuotaEntity([.init(kind: .user, name: nil), .init(kind: .clientId, name: "c")])
        let record = ClientQuotaRecord(entity: entity, key: "producer_byte_rate", value: 1024)
        news.tell(try delta([.clientQuota(record)]), at: 0)
        #expect(
            lines.all == [
                "INFO controller: changed quotas entity=\"user=(default), client-id=c\" "
                    + "quotas=\"producer_byte_rate=1024.0\""
            ])
    }

    @Test func aThousandTopicsAreAFewLines() throws {
        var news = news()
        let records = (1...1_000).flatMap { topic("t\($0)", UUID(high: 2, low: UInt64($0))) }
        news.tell(try delta(records), at: 0)
        news.settle(at: 1_000)
        #expect(lines.all.count == 11)
        #expect(lines.all.last == "INFO controller: created topic, and more of it count=990")
    }
}

@Suite struct DirectoryRoomTests {
    @Test func thatThereIsNoneIsToldNowAndThenAndThatThereIsSomeOnce() {
        var room = DirectoryRoom()
        func check(_ step: (inout DirectoryRoom) -> Bool, tells expected: Bool, _ why: Comment) {
            let tells = step(&room)
            #expect(tells == expected, why)
        }
        check({ $0.written() }, tells: false, "there was room")
        check({ $0.lacked() }, tells: true, "the first that finds none")
        check({ $0.lacked() }, tells: false, "told a moment ago")
        check({ $0.reminder() }, tells: false, "nothing was written")
        check({ $0.lacked() }, tells: true, "told again")
        check({ $0.written() }, tells: false, "others may still fail")
        check({ $0.lacked() }, tells: false, "as this one did")
        check({ $0.reminder() }, tells: false, "the last one failed")
        check({ $0.written() }, tells: true, "there is room")
        check({ $0.written() }, tells: false, "told already")
        check({ $0.lacked() }, tells: true, "none anew")
        check({ $0.written() }, tells: false, "perhaps not for long")
        check({ $0.reminder() }, tells: true, "it has lasted")
    }
}

/// What a broker logs, through the process's log, which other tests write to as well: names tell the lines apart.
@Suite(.serialized) final class BrokerLogTests {
    private let lines = Lines()

    init() {
        LogSystem.shared.setSink(lines)
        for label in ["group", "broker"] { LogSystem.shared.setLevel(.debug, for: label) }
    }

    deinit {
        for label in ["group", "broker"] { LogSystem.shared.setLevel(nil, for: label) }
        LogSystem.shared.setSink(FileDescriptorSink.standardError)
    }

    private func start(_ path: String) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "LOGTEST://127.0.0.1:0"), .init(key: "log.dirs", value: path),
            .init(key: "listener.security.protocol.map", value: "LOGTEST:PLAINTEXT"),
            .init(key: "inter.broker.listener.name", value: "LOGTEST"),
            .init(key: "martlet.shards", value: "1"), .init(key: "offsets.topic.num.partitions", value: "3"),
            .init(key: "group.initial.rebalance.delay.ms", value: "0"),
        ]
        return try BrokerServer.start(BrokerConfiguration(input))
    }

    private func client(_ server: BrokerServer) throws -> WireClient {
        try WireClient(port: try #require(server.endpoints.first).port)
    }

    @Test func aStartSaysWhetherTheStopWasClean() throws {
        let directory = try TemporaryDirectory()
        var server = try start(directory.path)
        #expect(lines.contains("INFO broker: started", "data=\(directory.path) clean=true logs=0 seconds="))
        let client = try client(server)
        try client.createTopic("log-start")
        let size = try client.produce([UInt8](repeating: 1, count: 12_347), to: "log-start").batchSize
        server.stop()
        server = try start(directory.path)
        #expect(lines.contains("INFO broker: started", "data=\(directory.path) clean=true logs=1 seconds="))
        server.stop()
        for name in [".kafka_cleanshutdown", "recovery-point-offset-checkpoint"] {
            try RealFileSystem().removeFile("\(directory.path)/\(name)")
        }
        let recovered = "recovered after a stop that was not clean logs=1 checked-bytes=\(size) seconds="
        #expect(!lines.contains(recovered))
        server = try start(directory.path)
        #expect(lines.contains("INFO broker: \(recovered)"))
        #expect(lines.contains("INFO broker: started", "data=\(directory.path) clean=false logs=1 seconds="))
        server.stop()
    }

    @Test func groupsAreTold() throws {
        let directory = try TemporaryDirectory()
        let server = try start(directory.path)
        defer { server.stop() }
        let client = try client(server)
        try client.findCoordinator(of: "log-group")
        #expect(lines.contains("DEBUG broker: connection opened", "listener=LOGTEST"))
        #expect(lines.contains("INFO group: loaded coordinators shard=0 partitions=3 groups=0 seconds="))
        let joined = try client.join("log-group")
        #expect(joined.errorCode == 0)
        #expect(lines.contains("DEBUG group: joined group=log-group", "member=\(joined.memberId)", "client=test"))
        #expect(lines.contains("INFO group: rebalanced group=log-group generation=1 members=1 because="))
        var leave = LeaveGroupRequest()
        leave.groupId = "log-group"
        leave.memberId = joined.memberId
        #expect(try client.ask(leave, version: 2).errorCode == 0)
        #expect(lines.contains("DEBUG group: left group=log-group", "member=\(joined.memberId)"))
        #expect(lines.contains("INFO group: rebalanced group=log-group generation=2 members=0 because="))
        var delete = DeleteGroupsRequest()
        delete.groupsNames = ["log-group"]
        #expect(try client.ask(delete, version: 2).results.first?.errorCode == 0)
        #expect(lines.contains("INFO group: deleted group=log-group"))
    }

    @Test func whoClosesAConnectionIsTold() throws {
        let directory = try TemporaryDirectory()
        let server = try start(directory.path)
        defer { server.stop() }
        do { try client(server).createTopic("log-closed") }
        let other = try client(server)
        while !lines.contains("DEBUG broker: connection closed", "listener=LOGTEST") {
            _ = try other.ask(ApiVersionsRequest(), version: 0)
        }
        #expect(lines.contains("INFO controller: created topic topic=log-closed", "partitions=1"))
    }
}
