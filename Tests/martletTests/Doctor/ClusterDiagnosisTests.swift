import KafkaProtocol
import Testing

@testable import KafkaClientCore
@testable import martlet

/// What the doctor makes of a cluster.
struct ClusterDiagnosisTests {
    private static func healthy() -> ClusterFacts {
        var facts = ClusterFacts(bootstrap: [BrokerEndpoint(host: "10.0.0.1", port: 9_092)])
        facts.id = "A"
        facts.nodes = [1, 2].map { (id: Int32) in
            var node = ClusterFacts.Node(id: id, endpoint: BrokerEndpoint(host: "10.0.0.\(id)", port: 9_092))
            node.clusterId = "A"
            node.isItself = true
            node.features = [feature(30)]
            node.directories = [directory(usable: 50 << 30)]
            node.replicaCount = 2
            return node
        }
        facts.partitions.count = 12
        facts.skew = ClusterFacts.Skew(controller: 1, ahead: 40, uncertainty: 5)
        return facts
    }

    private static func feature(_ level: Int16) -> ClusterFeature {
        ClusterFeature(name: "metadata.version", level: 30, supported: 7...level)
    }

    private static func directory(usable: Int64, error: ErrorCode? = nil) -> DescribedLogDirectory {
        DescribedLogDirectory(
            path: "/data", error: error, partitionCount: 3, arrivingCount: 1, size: 1,
            space: (total: 100 << 30, usable: usable))
    }

    private static func codes(_ change: (inout ClusterFacts) -> Void) -> [String] {
        var facts = healthy()
        change(&facts)
        var diagnosis = Diagnosis()
        diagnosis.examine(facts)
        return diagnosis.findings.map { "\($0.severity) \($0.code)" }
    }

    @Test func nothingIsWrongWithAHealthyOne() { #expect(ClusterDiagnosisTests.codes { _ in } == []) }

    typealias Case = (expected: String, change: @Sendable (inout ClusterFacts) -> Void)

    static let cases: [Case] = [
        ("error cluster.unreachable", { $0.failure = ClientError(.disconnected, "nobody") }),
        ("error broker.unreachable", { $0.nodes[1].failure = ClientError(.disconnected, "nobody") }),
        ("error broker.other", { $0.nodes[0].clusterId = "B" }),
        ("error broker.other", { $0.nodes[0].isItself = false }),
        ("warning broker.directories", { $0.nodes[0].directoryFailure = ClientError(.timedOut, "no answer") }),
        (
            "error broker.directory.offline",
            { $0.nodes[0].directories = [directory(usable: 1, error: .kafkaStorageError)] }
        ),
        ("error broker.logs.closed", { $0.nodes[0].replicaCount = 3 }),
        ("warning broker.directory.space", { $0.nodes[0].directories = [directory(usable: 4 << 30)] }),
        ("error broker.directory.space", { $0.nodes[0].directories = [directory(usable: 1 << 20)] }),
        ("warning cluster.versions", { $0.nodes[1].features = [feature(29)] }),
        ("error partitions.offline", { $0.partitions.withoutLeader = ["t-0"] }),
        ("error partitions.minimum", { $0.partitions.belowMinimum = ["t-0"] }),
        ("warning partitions.behind", { $0.partitions.behind = ["t-0"] }),
        ("warning cluster.clock", { $0.skew = ClusterFacts.Skew(controller: 1, ahead: -1_500, uncertainty: 20) }),
        (
            "error broker.loopback",
            { facts in
                var node = ClusterFacts.Node(id: 3, endpoint: BrokerEndpoint(host: "127.0.0.1", port: 9_092))
                node.clusterId = "A"
                facts.nodes.append(node)
            }
        ),
    ]

    @Test(arguments: cases.indices) func eachTroubleIsFoundAlone(index: Int) {
        let (expected, change) = ClusterDiagnosisTests.cases[index]
        #expect(ClusterDiagnosisTests.codes(change) == [expected])
    }

    @Test func logsThatAreNotOpenAreCountedAndTheFullDirectoryNamed() {
        var facts = ClusterDiagnosisTests.healthy()
        facts.nodes[0].directories = [Self.directory(usable: 0), Self.directory(usable: 50 << 30)]
        facts.nodes[0].replicaCount = 10
        var diagnosis = Diagnosis()
        diagnosis.examine(facts)
        #expect(
            diagnosis.findings.map(\.what).contains("6 of 10 logs of broker 1 are not open: no room in /data"))
    }

    @Test func aSlowAnswerSaysLittleOfAClock() {
        #expect(
            ClusterDiagnosisTests.codes {
                $0.skew = ClusterFacts.Skew(controller: 1, ahead: 3_000, uncertainty: 2_500)
            } == [])
    }
}
