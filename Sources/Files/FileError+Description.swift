import Glibc

extension FileError: CustomStringConvertible {
    /// For people: `cannot create /srv/data: Permission denied`.
    public var description: String {
        "cannot \(FileError.verbs[operation] ?? operation) \(path): \(FileError.text(of: code))"
    }

    /// EPERM, EACCES or EROFS: this process may not do it there.
    public var isForbidden: Bool { code == EPERM || code == EACCES || code == EROFS }

    /// What system calls do, in words.
    private static let verbs = [
        "mkdir": "create", "opendir": "list", "readdir": "list", "stat": "look at", "fstat": "look at",
        "pread": "read", "preadv2": "read", "pwrite": "write", "pwritev": "write", "fdatasync": "sync",
        "fsync": "sync", "syncfs": "sync", "ftruncate": "truncate", "fallocate": "reserve room for",
        "allocate": "reserve room for", "unlink": "remove", "rmdir": "remove", "flock": "lock",
        "statvfs": "see the free space of",
    ]

    private static func text(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { room in
            guard let start = room.baseAddress, strerror_r(code, start, room.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: start)
        }
    }
}
