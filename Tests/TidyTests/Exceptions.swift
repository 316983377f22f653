/// The places that may do what is banned elsewhere, each with its reason.
enum Exceptions {
    typealias Place = (path: String, reason: String)

    static let unchecked: [Place] = [
        ("Sources/Bytes/Buffer.swift", "memory that is written by one owner, then frozen; the proof stands there"),
        ("Sources/Re2Patterns/", "an expression of a C++ library that never changes and allows for threads"),
    ]

    static let locks: [Place] = [
        ("Sources/Runtime/", "mailboxes and the blocking pool: where threads meet"),
        ("Sources/HTTPServer/", "where the library's thread meets those that answer"),
        ("Sources/Broker/Context/BrokerStatus.swift", "health is told while every other thread is busy"),
        ("Sources/Logging/", "levels that can be changed while the program runs"),
        ("Sources/Files/", "the simulated disk, which tests share between threads"),
        ("Sources/Broker/Context/CompactionSlots.swift", "one word by which the shards take turns at compacting"),
        ("Sources/Broker/Context/MovePace.swift", "one word by which the shards share a limit of bytes"),
        ("Sources/Broker/Shard/RunningCompaction.swift", "how a compaction on its own thread is told to end"),
    ]

    /// What a core would have to name in order to read a clock, throw dice, touch a file or a socket, or end the process.
    /// Glibc's short names (`read`, `open`) are out of reach without an import that the table does not allow, and are good
    /// names for methods.
    static let outsideWorld: Set<String> = [
        "ContinuousClock", "SuspendingClock", "Date", "SystemRandomNumberGenerator",
        "clock_gettime", "gettimeofday", "nanosleep", "usleep", "getrandom", "arc4random",
        "openat", "pread", "pwrite", "preadv2", "pwritev", "fsync", "fdatasync", "syncfs", "fopen", "unlink",
        "fallocate",
        "ftruncate", "mmap", "socket", "recv", "sendfile", "epoll_wait", "epoll_create1", "eventfd", "pthread_create",
        "getenv", "setenv", "abort",
    ]

    static func reason(for file: SwiftFile, in places: [Place]) -> String? {
        places.first { file.path.hasPrefix($0.path) }?.reason
    }
}
