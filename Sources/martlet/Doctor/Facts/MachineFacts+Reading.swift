import CProgram
import Glibc
import Runtime

extension MachineFacts {
    /// Asks the kernel. A process's limit of open files is raised on the way, as a broker does.
    static func read() -> MachineFacts {
        var facts = MachineFacts()
        facts.openFiles = ProcessSetup.raiseDescriptorLimit()
        facts.processors = ProcessSetup.processorCount
        let memory = text("/proc/meminfo") ?? ""
        facts.memory = self.memory("MemTotal", in: memory)
        facts.swap = self.memory("SwapTotal", in: memory) ?? 0
        facts.swappiness = number("/proc/sys/vm/swappiness")
        facts.overcommit = number("/proc/sys/vm/overcommit_memory")
        facts.hugePages = text("/sys/kernel/mm/transparent_hugepage/enabled").flatMap(chosen)
        facts.readControlGroup()
        facts.clock = .read()
        return facts
    }

    /// The limits of the group that the process is in and of those above it, the tightest of each.
    private mutating func readControlGroup() {
        for group in MachineFacts.controlGroups(MachineFacts.text("/proc/self/cgroup") ?? "") {
            let limit = MachineFacts.text("\(group)/memory.max") ?? MachineFacts.text("\(group)/memory.limit_in_bytes")
            if let limit = limit.flatMap(MachineFacts.limit) { memoryLimit = min(memoryLimit ?? limit, limit) }
            if let quota = MachineFacts.text("\(group)/cpu.max").flatMap(MachineFacts.quota) {
                processorQuota = min(processorQuota ?? quota, quota)
            }
        }
    }

    /// The directories of the control groups, by `/proc/self/cgroup`, from the process's own up to the root.
    static func controlGroups(_ text: String) -> [String] {
        var groups: [String] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].isEmpty || parts[1] == "memory" else { continue }
            let root = parts[1].isEmpty ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            var path = parts[2][...]
            while path.hasPrefix("/"), path != "/" {
                groups.append(root + path)
                path = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
            }
            groups.append(root)
        }
        return groups
    }

    private static func text(_ path: String) -> String? { try? readText(path) }
    private static func number(_ path: String) -> Int? { text(path).flatMap { Int($0.trimmingSpace) } }
}

extension ClockFacts {
    static func read() -> ClockFacts {
        var facts = ClockFacts()
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        facts.now = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        var error: Int64 = 0
        let answer = martlet_clock_is_synchronised(&error)
        facts.isSynchronised = answer < 0 ? nil : answer == 1
        facts.errorMicroseconds = error
        let source = try? readText("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        facts.source = source?.trimmingSpace
        return facts
    }
}
