import Configuration
import Testing

@testable import martlet

/// What the doctor makes of log directories.
struct DirectoryDiagnosisTests {
    private static let now: Int64 = 1_790_000_000_000

    private static func healthy(_ path: String = "/data") -> DirectoryFacts {
        var facts = DirectoryFacts(path: path)
        facts.space = (100 << 30, 50 << 30)
        facts.files = (1_000_000, 900_000)
        facts.mount = Mount.holding("/", in: "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw")
        facts.syncs = [900_000, 1_100_000, 40_000_000]
        facts.latestChange = now
        facts.nodeId = 1
        return facts
    }

    private static func mount(_ type: String, _ options: String = "rw") -> Mount? {
        Mount.holding("/", in: "27 1 254:0 / / \(options) - \(type) source rw")
    }

    private static func codes(_ directories: [DirectoryFacts], _ settings: [String: String] = [:]) throws -> [String] {
        var input = ConfigurationInput()
        input.arguments = settings.map { .init(key: $0.key, value: $0.value) }
        var diagnosis = Diagnosis()
        diagnosis.examine(directories, try BrokerConfiguration(input), now: now)
        return diagnosis.findings.map { "\($0.severity) \($0.code)" }
    }

    @Test func nothingIsWrongWithAHealthyOne() throws {
        #expect(try DirectoryDiagnosisTests.codes([DirectoryDiagnosisTests.healthy()]) == [])
    }

    typealias Case = (expected: String, change: @Sendable (inout DirectoryFacts) -> Void)

    static let cases: [Case] = [
        ("error directory.kind", { $0.kind = .noDirectory }),
        ("error directory.access", { $0.isWritable = false }),
        (
            "error directory.missing",
            {
                $0.kind = .missing(above: "/")
                $0.isWritable = false
            }
        ),
        ("warning directory.owner", { $0.owner = 1_000 }),
        ("note directory.busy", { $0.isLocked = true }),
        ("error directory.foreign", { $0.foreignName = "bootstrap.checkpoint" }),
        ("error directory.node", { $0.nodeId = 2 }),
        ("warning disk.overlay", { $0.mount = mount("overlay") }),
        ("warning disk.network", { $0.mount = mount("nfs4") }),
        ("warning disk.simple", { $0.mount = mount("vfat") }),
        ("error disk.readonly", { $0.mount = mount("ext4", "ro,noatime") }),
        // As `access` has it then; the owner has no say in it.
        (
            "error disk.readonly",
            {
                $0.mount = mount("ext4", "ro,noatime")
                $0.isWritable = false
            }
        ),
        (
            "error disk.readonly",
            {
                $0.mount = mount("ext4", "ro")
                $0.kind = .missing(above: "/")
                $0.isWritable = false
            }
        ),
        ("error disk.barrier", { $0.mount = mount("ext4", "rw,barrier=0") }),
        ("warning disk.sync.lie", { $0.syncs = [2_000, 1_900, 2_100] }),
        ("warning disk.sync.slow", { $0.syncs = [80_000_000] }),
        ("error disk.full", { $0.space = (100 << 30, 1 << 20) }),
        ("warning disk.space", { $0.space = (100 << 30, 4 << 30) }),
        ("warning disk.files", { $0.files = (1_000_000, 40_000) }),
        ("error clock.behind", { $0.latestChange = now + 61_000 }),
        (
            "warning disk.memory",
            {
                $0.mount = mount("tmpfs")
                $0.syncs = [2_000]
            }
        ),
    ]

    @Test(arguments: cases.indices) func eachTroubleIsFoundAlone(index: Int) throws {
        let (expected, change) = DirectoryDiagnosisTests.cases[index]
        var facts = DirectoryDiagnosisTests.healthy()
        change(&facts)
        #expect(try DirectoryDiagnosisTests.codes([facts]) == [expected])
    }

    @Test func oneThatWillBeMadeIsFine() throws {
        var facts = DirectoryDiagnosisTests.healthy()
        facts.kind = .missing(above: "/")
        facts.nodeId = nil
        #expect(try DirectoryDiagnosisTests.codes([facts]) == [])
    }

    @Test func whatMayBeKeptHasToHaveRoom() throws {
        var facts = DirectoryDiagnosisTests.healthy()
        facts.partitionCount = 90
        let settings = ["log.retention.bytes": "2147483648", "log.segment.bytes": "1073741824"]
        #expect(try DirectoryDiagnosisTests.codes([facts], settings) == ["warning disk.retention"])
        facts.partitionCount = 33
        #expect(try DirectoryDiagnosisTests.codes([facts], settings) == [])
    }

    @Test func directoriesLieBesideEachOtherOnDisksOfTheirOwn() throws {
        let first = DirectoryDiagnosisTests.healthy("/data")
        var second = DirectoryDiagnosisTests.healthy("/data2")
        #expect(try DirectoryDiagnosisTests.codes([first, second]) == ["note directory.shared"])
        second.device = 7
        #expect(try DirectoryDiagnosisTests.codes([first, second]) == [])
        let nested = DirectoryDiagnosisTests.healthy("/data/more")
        #expect(try DirectoryDiagnosisTests.codes([first, nested]) == ["error directory.nested"])
    }

    @Test(arguments: [
        (Int64(999), "999 ns"), (15_340, "15.3 µs"), (3_449_000, "3.4 ms"), (2_000_000_000, "2.0 s"),
    ])
    func durationsAreWrittenForPeople(nanoseconds: Int64, text: String) {
        #expect(durationText(nanoseconds) == text)
    }
}
