import DiskScheduler
import Metrics
import Runtime

extension BrokerReport {
    /// What Kafka has no name for.
    func writeOwn(to writer: inout ExpositionWriter) {
        writer.begin("martlet_build_info", .gauge, "Always 1; its labels say which build this is.")
        writer.sample(1, [Dimension("version", build.version), Dimension("commit", build.commit)])
        writer.begin("martlet_disk_writes_total", .counter, "Writes to logs.")
        writer.sample(sum { $0.disk.writes })
        writer.begin(
            "martlet_disk_pool_writes_total", .counter, "Those that the blocking pool made, because the disk was slow.")
        writer.sample(sum { $0.disk.poolWrites })
        writer.begin("martlet_disk_written_bytes_total", .counter, "Bytes written to logs.")
        writer.sample(sum { $0.disk.bytesWritten })
        writer.begin("martlet_disk_sync_duration_seconds", .histogram, "Time of the sync rounds on the disk.")
        BrokerReport.writeBuckets(syncTimes, [], to: &writer)
        writeLoops(to: &writer)
        writeMemory(to: &writer)
        writer.begin("martlet_partitions", .gauge, "Open partitions.")
        for (index, shard) in shards.enumerated() {
            writer.sample(shard.partitionCount, [Dimension("shard", String(index))])
        }
        writer.begin("martlet_partitions_without_series", .gauge, "Partitions that are summed up in topic=\"(other)\".")
        writer.sample(sum { $0.otherPartitions.count })
        writer.begin("martlet_recovery_logs", .gauge, "Logs since the start: found, open, or failed to open.")
        writer.sample(logs.found, [Dimension("state", "found")])
        writer.sample(logs.open, [Dimension("state", "open")])
        writer.sample(logs.failed, [Dimension("state", "failed")])
        writer.begin("martlet_start_duration_seconds", .gauge, "Time from the start until clients were served.")
        writer.sample(startSeconds)
    }

    private func writeLoops(to writer: inout ExpositionWriter) {
        let counters: [(String, String, (ShardStatistics) -> Double)] = [
            ("ticks", "Turns of a shard's loop.", { Double($0.ticks) }),
            ("busy_seconds", "Time that a shard was not waiting.", { Double($0.busyNanoseconds) / 1e9 }),
            ("socket_reads", "Calls to receive.", { Double($0.reads) }),
            ("socket_writes", "Calls to send.", { Double($0.writes) }),
            ("socket_file_writes", "Calls to send from a file.", { Double($0.fileWrites) }),
            ("accept_pauses", "Times that no descriptor was left for a connection.", { Double($0.acceptPauses) }),
            ("starvations", "Times that a connection was not read for want of memory.", { Double($0.starvations) }),
        ]
        for (name, help, count) in counters {
            writer.begin("martlet_shard_\(name)_total", .counter, help)
            for (index, shard) in shards.enumerated() {
                writer.sample(count(shard.loop), [Dimension("shard", String(index))])
            }
        }
    }

    private func writeMemory(to writer: inout ExpositionWriter) {
        var budgets: [ObjectIdentifier: MemoryReport] = [:]
        for shard in shards {
            if let budget = shard.memory.budget { budgets[budget] = shard.memory }
        }
        writer.begin("martlet_memory_used_bytes", .gauge, "Bytes that connections own of the memory budget.")
        writer.sample(budgets.values.reduce(0) { $0 + $1.used })
        writer.begin("martlet_memory_limit_bytes", .gauge, "The memory budget.")
        writer.sample(budgets.values.reduce(0) { $0 + $1.limit })
    }

    /// The process, under the names that Prometheus' own clients use, and Kafka's for its disk traffic.
    func write(_ process: ProcessStatistics, to writer: inout ExpositionWriter) {
        writer.begin("process_cpu_seconds_total", .counter, "User and system time.")
        writer.sample(process.cpuSeconds)
        let gauges: [(String, String, Double)] = [
            ("process_resident_memory_bytes", "Memory in use.", Double(process.residentBytes)),
            ("process_virtual_memory_bytes", "Address space.", Double(process.virtualBytes)),
            ("process_open_fds", "Open descriptors.", Double(process.openDescriptors)),
            ("process_max_fds", "Descriptors that may be open.", Double(process.maximumDescriptors)),
            ("process_start_time_seconds", "Start of the process, since 1970.", process.startTime),
            ("martlet_process_threads", "Threads.", Double(process.threads)),
            (
                "kafka_server_kafkaserver_linux_disk_read_bytes", "Bytes fetched from disks.",
                Double(process.diskReadBytes)
            ),
            ("kafka_server_kafkaserver_linux_disk_write_bytes", "Bytes sent to disks.", Double(process.diskWriteBytes)),
        ]
        for (name, help, value) in gauges {
            writer.begin(name, .gauge, help)
            writer.sample(value)
        }
    }
}
