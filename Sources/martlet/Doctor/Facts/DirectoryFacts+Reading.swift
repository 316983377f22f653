import Configuration
import Files
import Glibc
import LogStorage

extension DirectoryFacts {
    /// Times that a sync is tried.
    private static let syncCount = 9

    /// Looks at a directory. Nothing stays changed: the file that is synced has no name while it is.
    static func read(_ path: String) -> DirectoryFacts {
        var facts = DirectoryFacts(path: path)
        facts.user = geteuid()
        let place = existing(path)
        var status = stat()
        guard stat(place, &status) == 0 else { return facts }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        facts.kind = !isDirectory ? .noDirectory : place == path ? .directory : .missing(above: place)
        facts.isWritable = access(place, W_OK | X_OK) == 0
        facts.owner = status.st_uid
        facts.device = UInt64(status.st_dev)
        facts.mount = (try? readText("/proc/self/mountinfo")).flatMap { Mount.holding(resolved(place), in: $0) }
        facts.readFileSystem(place)
        if facts.kind == .directory { facts.readContents() }
        if isDirectory, facts.isWritable { facts.syncs = syncTimes(in: place) }
        return facts
    }

    /// The path, or the nearest one above it that there is.
    private static func existing(_ path: String) -> String {
        var path = path
        while access(path, F_OK) != 0, let slash = path.lastIndex(of: "/") {
            path = slash == path.startIndex ? "/" : String(path[..<slash])
            if path == "/" { break }
        }
        return path
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private mutating func readFileSystem(_ place: String) {
        var status = statvfs()
        guard statvfs(place, &status) == 0 else { return }
        let unit = UInt64(status.f_frsize)
        func bytes(_ blocks: UInt64) -> Int64 {
            Int64(clamping: blocks.multipliedReportingOverflow(by: unit).partialValue)
        }
        space = (bytes(UInt64(status.f_blocks)), bytes(UInt64(status.f_bavail)))
        if status.f_files > 0 { files = (Int64(clamping: status.f_files), Int64(clamping: status.f_favail)) }
    }

    private mutating func readContents() {
        for name in namesInDirectory(path) {
            if LogDirectory.foreignNames.contains(name) { foreignName = name }
            var status = stat()
            guard stat("\(path)/\(name)", &status) == 0 else { continue }
            let changed = Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
            latestChange = max(latestChange ?? changed, changed)
        }
        let partitions = try? LogVerifier(RealFileSystem()).partitionDirectories(in: path)
        partitionCount = (partitions ?? nil)?.count ?? 0
        if let text = try? readText("\(path)/\(LogDirectory.metaProperties)"), let meta = try? PropertiesFile(text) {
            nodeId = meta.entries.first { $0.key == "node.id" }.flatMap { Int32($0.value) }
        }
        readLock()
    }

    /// Tries the lock that a running broker holds.
    private mutating func readLock() {
        let name = "\(path)/\(LogDirectory.lockName)"
        let descriptor = open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
        isLocked = true
        var status = stat()
        guard fstat(descriptor, &status) == 0, let locks = try? readText("/proc/locks") else { return }
        holder = ProcessName.lockHolder(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), in: locks
        ).map(ProcessName.of)
    }

    private static func syncTimes(in directory: String) -> [Int64] {
        let name = "\(directory)/.martlet-doctor-\(getpid())"
        let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        unlink(name)
        let page = [UInt8](repeating: 0x6D, count: 4_096)
        var times: [Int64] = []
        for _ in 0..<syncCount {
            let start = nanoseconds()
            guard write(descriptor, page, page.count) == page.count, fdatasync(descriptor) == 0 else { return [] }
            times.append(nanoseconds() - start)
        }
        return times
    }

    private static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
