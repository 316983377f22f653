import Configuration
import Testing

@testable import martlet

/// What the doctor makes of a machine.
struct MachineDiagnosisTests {
    private static func healthy() -> MachineFacts {
        var facts = MachineFacts()
        facts.processors = 4
        facts.memory = 8 << 30
        facts.openFiles = 1_048_576
        facts.clock.now = 1_790_000_000_000
        facts.clock.isSynchronised = true
        facts.clock.source = "tsc"
        return facts
    }

    private static func codes(
        partitionCount: Int = 0, shards: String? = nil, _ change: (inout MachineFacts) -> Void
    ) throws -> [String] {
        var facts = healthy()
        change(&facts)
        var input = ConfigurationInput()
        if let shards { input.arguments = [.init(key: "martlet.shards", value: shards)] }
        var diagnosis = Diagnosis()
        diagnosis.examine(facts, try BrokerConfiguration(input), partitionCount: partitionCount)
        return diagnosis.findings.map { "\($0.severity) \($0.code)" }
    }

    @Test func nothingIsWrongWithAHealthyOne() throws { #expect(try MachineDiagnosisTests.codes { _ in } == []) }

    typealias Case = (expected: String, change: @Sendable (inout MachineFacts) -> Void)

    static let cases: [Case] = [
        ("warning descriptors.connections", { $0.openFiles = 20_000 }),
        ("warning memory.small", { $0.memory = 256 << 20 }),
        ("warning memory.small", { $0.memoryLimit = 512 << 20 }),
        ("warning processors.quota", { $0.processorQuota = 0.5 }),
        ("warning memory.overcommit", { $0.overcommit = 2 }),
        ("note memory.hugepages", { $0.hugePages = "always" }),
        ("error clock.past", { $0.clock.now = 86_400_000 }),
        ("warning clock.unsynchronised", { $0.clock.isSynchronised = false }),
        ("warning clock.inaccurate", { $0.clock.errorMicroseconds = 2_000_000 }),
        ("note clock.slow", { $0.clock.source = "hpet" }),
        (
            "note memory.swap",
            {
                $0.swap = 1 << 30
                $0.swappiness = 60
            }
        ),
    ]

    @Test(arguments: cases.indices) func eachTroubleIsFoundAlone(index: Int) throws {
        let (expected, change) = MachineDiagnosisTests.cases[index]
        #expect(try MachineDiagnosisTests.codes(change) == [expected])
    }

    @Test func quietKernelsAreLeftAlone() throws {
        #expect(
            try MachineDiagnosisTests.codes {
                $0.hugePages = "madvise"
                $0.swap = 1 << 30
                $0.swappiness = 1
                $0.processorQuota = 2
                $0.clock.isSynchronised = nil
            } == [])
    }

    @Test func partitionsNeedDescriptors() throws {
        #expect(try MachineDiagnosisTests.codes(partitionCount: 524_288) { _ in } == [])
        #expect(try MachineDiagnosisTests.codes(partitionCount: 524_289) { _ in } == ["warning descriptors.partitions"])
    }

    @Test func shardsNeedProcessors() throws {
        #expect(try MachineDiagnosisTests.codes(shards: "4") { _ in } == [])
        #expect(try MachineDiagnosisTests.codes(shards: "5") { _ in } == ["warning processors.shards"])
    }
}

/// What the kernel's files say.
struct KernelFileTests {
    @Test func memoryIsInKilobytes() {
        let text = "MemTotal:       24684092 kB\nSwapTotal:             0 kB\nBroken\n"
        #expect(MachineFacts.memory("MemTotal", in: text) == 25_276_510_208)
        #expect(MachineFacts.memory("SwapTotal", in: text) == 0)
        #expect(MachineFacts.memory("Broken", in: text) == nil)
    }

    @Test(arguments: [("max\n", nil), ("9223372036854771712", nil), ("536870912\n", 536_870_912), ("", nil)])
    func aLimitMayBeNone(text: String, limit: Int64?) { #expect(MachineFacts.limit(text) == limit) }

    @Test(arguments: [("50000 100000\n", 0.5), ("max 100000", nil), ("1 0", nil), ("", nil)])
    func aQuotaIsAShareOfAPeriod(text: String, quota: Double?) { #expect(MachineFacts.quota(text) == quota) }

    @Test func theWordInBracketsCounts() {
        #expect(MachineFacts.chosen("always [madvise] never\n") == "madvise")
        #expect(MachineFacts.chosen("always") == nil)
    }

    @Test func controlGroupsAreTriedUpToTheRoot() {
        let text = "5:devices:/\n4:memory:/a/b\n0::/system.slice/martlet.service\n"
        #expect(
            MachineFacts.controlGroups(text) == [
                "/sys/fs/cgroup/memory/a/b", "/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory",
                "/sys/fs/cgroup/system.slice/martlet.service", "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup",
            ])
    }

    @Test func theDeepestMountHoldsAPath() throws {
        let text = """
            22 27 0:21 / /proc rw,relatime - proc proc rw
            27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,nobarrier
            40 27 254:1 / /var/lib ro,noatime - xfs /dev/vdb rw
            41 27 0:50 / /var/li\\040b rw - tmpfs tmpfs
            short
            """
        let root = try #require(Mount.holding("/var/library", in: text))
        #expect(root.point == "/" && root.type == "ext4" && root.source == "/dev/vda")
        #expect(root.options == ["rw", "relatime", "nobarrier"])
        #expect(Mount.holding("/var/lib/martlet", in: text)?.options.contains("ro") == true)
        #expect(Mount.holding("/var/li b", in: text)?.type == "tmpfs")
        #expect(Mount.holding("/", in: "") == nil)
    }

    @Test func aLockIsFoundByDeviceAndInode() {
        let locks = """
            1: FLOCK  ADVISORY  WRITE 16800 fe:00:16220752 0 EOF
            2: POSIX  ADVISORY  WRITE 16490 fe:00:77 1073741824 1073742335
            3: -> FLOCK  ADVISORY  WRITE 99 fe:00:77 0 EOF
            4: FLOCK  ADVISORY  WRITE 0 fe:00:78 0 EOF
            """
        let device = UInt64(0xFE) << 8
        #expect(ProcessName.lockHolder(device: device, inode: 16_220_752, in: locks) == 16_800)
        #expect(ProcessName.lockHolder(device: device, inode: 77, in: locks) == nil)
        #expect(ProcessName.lockHolder(device: device, inode: 78, in: locks) == nil)
    }

    @Test func listeningSocketsAreFoundByPort() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1082 1 0
               1: 0100007F:07E8 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 1083 1 0
               2: 0100007F:07E9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1084 1 0
            """
        #expect(ProcessName.listeningSockets(port: 2_024, in: table) == [1_082])
        #expect(ProcessName.listeningSockets(port: 80, in: table) == [])
    }
}
