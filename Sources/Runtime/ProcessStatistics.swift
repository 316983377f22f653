import Glibc

/// What the kernel says of this process.
public struct ProcessStatistics: Sendable {
    /// User and system time of all threads.
    public var cpuSeconds = 0.0
    public var residentBytes = 0
    public var virtualBytes = 0
    public var threads = 0
    public var openDescriptors = 0
    public var maximumDescriptors = 0
    /// Seconds since 1970.
    public var startTime = 0.0
    /// Bytes that were fetched from, and sent to, block devices.
    public var diskReadBytes = 0
    public var diskWriteBytes = 0

    /// Reads `/proc/self`; what cannot be read stays 0. May take a millisecond with many descriptors.
    public static func current() -> ProcessStatistics {
        var statistics = ProcessStatistics()
        statistics.readStat()
        statistics.readIO()
        statistics.openDescriptors = descriptorCount()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            statistics.maximumDescriptors = Int(clamping: limit.rlim_cur)
        }
        return statistics
    }

    private mutating func readStat() {
        // The fields follow the program's name, which stands in parentheses and may hold anything.
        let text = ProcessStatistics.text(of: "/proc/self/stat")
        guard let end = text.lastIndex(of: ")") else { return }
        let fields = text[end...].dropFirst().split(separator: " ").map { Int($0) ?? 0 }
        guard fields.count > 21 else { return }
        let ticks = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        cpuSeconds = Double(fields[11] + fields[12]) / ticks
        threads = fields[17]
        startTime = ProcessStatistics.bootTime + Double(fields[19]) / ticks
        virtualBytes = fields[20]
        residentBytes = fields[21] * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private mutating func readIO() {
        for line in ProcessStatistics.text(of: "/proc/self/io").split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let count = Int(parts[1]) else { continue }
            switch parts[0] {
            case "read_bytes:": diskReadBytes = count
            case "write_bytes:": diskWriteBytes = count
            default: break
            }
        }
    }

    private static let bootTime: Double = {
        let lines = text(of: "/proc/stat").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) } ?? 0
    }()

    private static func descriptorCount() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        // Neither the two dots nor the directory itself.
        var count = -3
        while readdir(directory) != nil { count += 1 }
        return max(count, 0)
    }

    static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
