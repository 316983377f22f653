import Broker
import Configuration
import Runtime

/// What a broker needs of its machine.
extension Diagnosis {
    /// - Parameters:
    ///   - configuration: nil when there is none that a broker could run by.
    ///   - partitionCount: in all log directories.
    mutating func examine(_ machine: MachineFacts, _ configuration: BrokerConfiguration?, partitionCount: Int) {
        var state = counted(machine.processors, "processor")
        if let memory = machine.memoryLimit ?? machine.memory { state += ", \(byteCountText(memory)) of memory" }
        observe("machine", "\(state), \(grouped(machine.openFiles)) open files")
        if let configuration {
            examineDescriptors(machine, configuration, partitionCount)
            examineMemory(machine, configuration)
            examineProcessors(machine, configuration)
        }
        examineKernel(machine)
        examine(machine.clock)
    }

    private mutating func examineDescriptors(
        _ machine: MachineFacts, _ configuration: BrokerConfiguration, _ partitionCount: Int
    ) {
        let shares = DescriptorShares(limit: machine.openFiles)
        let wanted = configuration.network.maximumConnections
        let raise = "'ulimit -Hn 1048576' in the shell that starts it, or LimitNOFILE=1048576 in its systemd unit"
        if shares.connections < wanted {
            find(
                .warning, "descriptors.connections",
                "\(grouped(machine.openFiles)) open files are enough for \(grouped(shares.connections)) connections",
                why: "max.connections promises \(grouped(wanted)); those beyond the limit are refused.",
                fix: "\(raise); or --set max.connections=\(shares.connections)")
        }
        if shares.logs < partitionCount {
            find(
                .warning, "descriptors.partitions",
                "\(grouped(machine.openFiles)) open files are enough for \(grouped(shares.logs)) open logs",
                why: """
                    There are \(grouped(partitionCount)) partitions: logs are closed and opened again while they are \
                    written.
                    """,
                fix: raise)
        }
    }

    private mutating func examineMemory(_ machine: MachineFacts, _ configuration: BrokerConfiguration) {
        let limits = [machine.memory, machine.memoryLimit].compactMap { $0 }
        guard let memory = limits.min() else { return }
        let compaction = configuration.compaction
        var buffers = Int64(ShardOptions().memory.limit)
        if compaction.isEnabled { buffers += Int64(compaction.mapBytes) + Int64(compaction.bufferBytes) }
        guard memory < buffers else { return }
        find(
            .warning, "memory.small",
            "\(byteCountText(memory)) of memory for buffers of up to \(byteCountText(buffers))",
            why: """
                Connections and the compaction of logs may take that much at their busiest; the kernel ends a process \
                that has no memory left.
                """,
            fix: "give it more memory, or --set log.cleaner.dedupe.buffer.size=16777216")
    }

    private mutating func examineProcessors(_ machine: MachineFacts, _ configuration: BrokerConfiguration) {
        if let quota = machine.processorQuota, quota < 1 {
            find(
                .warning, "processors.quota", "the control group has \(tenths(quota)) of a processor",
                why: "When its share of a period is used up, the broker stands still until the next one begins.",
                fix: "raise the limit of the container or unit to 1 processor (CPUQuota=100%, cpus: 1)")
        }
        if let shards = configuration.shardCount, shards > machine.processors {
            find(
                .warning, "processors.shards",
                "martlet.shards is \(shards), with \(counted(machine.processors, "processor"))",
                why: "Threads that share a processor wait for each other, and answers with them.",
                fix: "leave martlet.shards out, or --set martlet.shards=\(max(machine.processors - 1, 1))")
        }
    }

    private mutating func examineKernel(_ machine: MachineFacts) {
        if machine.overcommit == 2 {
            find(
                .warning, "memory.overcommit", "vm.overcommit_memory is 2",
                why: "Memory is refused that would never have been touched, and the process ends.",
                fix: "sudo sysctl -w vm.overcommit_memory=0")
        }
        if machine.swap > 0, let swappiness = machine.swappiness, swappiness > 10 {
            find(
                .note, "memory.swap", "\(byteCountText(machine.swap)) of swap space, vm.swappiness is \(swappiness)",
                why:
                    "What was swapped out to make room for the page cache has to come back before a request is answered.",
                fix: "sudo sysctl -w vm.swappiness=1")
        }
        if machine.hugePages == "always" {
            find(
                .note, "memory.hugepages", "transparent huge pages are always taken",
                why: "Small buffers take 2 MiB each, and the kernel stops a process to put pages together.",
                fix: "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled")
        }
    }

    private mutating func examine(_ clock: ClockFacts) {
        let accuracy = clock.isSynchronised == true ? ", right within \(clock.errorMicroseconds / 1_000) ms" : ""
        observe("clock", "\(Instant.text(clock.now))\(accuracy)")
        if clock.now < Diagnosis.earliestTime {
            find(
                .error, "clock.past", "the clock says \(Instant.text(clock.now))",
                why: "Records get that time, and are deleted by age as soon as it is set right.",
                fix: "sudo date -s '@SECONDS-SINCE-1970', then have it kept right: sudo apt install chrony")
        } else if clock.isSynchronised == false {
            find(
                .warning, "clock.unsynchronised", "nothing keeps the clock right",
                why: """
                    Times of records, retention and look-ups by time drift away from those of other machines; a \
                    container has the clock of its host.
                    """,
                fix: "sudo apt install chrony, or sudo timedatectl set-ntp true (on the host)")
        } else if clock.errorMicroseconds > 1_000_000 {
            find(
                .warning, "clock.inaccurate", "the clock may be wrong by \(clock.errorMicroseconds / 1_000) ms",
                why: "Its servers were not reached for long, or differ.",
                fix: "chronyc sources, or timedatectl timesync-status, says which server fails")
        }
        if let source = clock.source, Diagnosis.slowClocks.contains(source) {
            find(
                .note, "clock.slow", "the kernel reads the time from \(source)",
                why: "Each look at the clock takes about a microsecond, and there are several in a request.",
                fix: "boot with tsc=reliable where the processor's counter can be trusted")
        }
    }

    /// 2025, in milliseconds since 1970: the program did not exist before.
    private static let earliestTime: Int64 = 1_735_689_600_000
    private static let slowClocks: Set = ["hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"]
}

/// With one digit after the point.
func tenths(_ value: Double) -> String {
    let tenths = Int64(clampingRounded: value * 10)
    return "\(tenths / 10).\(abs(tenths % 10))"
}

extension Int64 {
    /// The nearest whole number; 0 for what is none.
    init(clampingRounded value: Double) {
        self = value.isNaN ? 0 : value >= 9.2e18 ? .max : value <= -9.2e18 ? .min : Int64(value.rounded())
    }
}
