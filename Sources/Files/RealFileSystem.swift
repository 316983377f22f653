import CSystem
import Glibc

/// The file system of this Linux machine.
public struct RealFileSystem: FileSystem {
    public init() {}

    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any File {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .readWriteCreate: O_RDWR | O_CREAT
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            }
        let descriptor = try call("open", path) { Glibc.open(path, flags | O_CLOEXEC, 0o644) }
        return RealFile(path: path, owning: descriptor)
    }

    public func createDirectory(_ path: String) throws(FileError) {
        if Glibc.mkdir(path, 0o755) == 0 { return }
        switch errno {
        case EEXIST:
            guard let status = try status(path), status.isDirectory else {
                throw FileError("mkdir", path, code: ENOTDIR)
            }
        case ENOENT:
            guard let parent = parentDirectory(of: path) else { throw FileError("mkdir", path, code: ENOENT) }
            try createDirectory(parent)
            if Glibc.mkdir(path, 0o755) != 0, errno != EEXIST { throw FileError("mkdir", path, code: errno) }
        case let code:
            throw FileError("mkdir", path, code: code)
        }
    }

    public func list(_ directory: String) throws(FileError) -> [String] {
        guard let stream = opendir(directory) else { throw FileError("opendir", directory, code: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw FileError("readdir", directory, code: errno) }
                return names.sorted()
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    public func status(_ path: String) throws(FileError) -> FileStatus? {
        var result = stat()
        if stat(path, &result) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileError("stat", path, code: errno)
        }
        return FileStatus(
            size: Int64(result.st_size), isDirectory: result.st_mode & S_IFMT == S_IFDIR,
            modified: Int64(result.st_mtim.tv_sec) * 1000 + Int64(result.st_mtim.tv_nsec) / 1_000_000)
    }

    public func rename(_ source: String, to target: String) throws(FileError) {
        _ = try call("rename", source) { Glibc.rename(source, target) }
    }

    public func removeFile(_ path: String) throws(FileError) {
        _ = try call("unlink", path) { Glibc.unlink(path) }
    }

    public func removeDirectory(_ path: String) throws(FileError) {
        for name in try list(path) {
            let inner = "\(path)/\(name)"
            var result = stat()
            if lstat(inner, &result) == 0, result.st_mode & S_IFMT == S_IFDIR {
                try removeDirectory(inner)
            } else {
                try removeFile(inner)
            }
        }
        _ = try call("rmdir", path) { Glibc.rmdir(path) }
    }

    public func syncDirectory(_ path: String) throws(FileError) {
        let descriptor = try call("open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(descriptor) }
        _ = try call("fsync", path) { fsync(descriptor) }
    }

    public func volume(of path: String) throws(FileError) -> any Volume {
        let descriptor = try call("open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        return RealVolume(path: path, owning: descriptor)
    }

    public func lock(_ path: String) throws(FileError) -> (any FileLock)? {
        let descriptor = try call("open", path) { Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw FileError("flock", path, code: code)
        }
        return RealFileLock(owning: descriptor)
    }

    public func space(_ path: String) throws(FileError) -> (total: Int64, usable: Int64) {
        var result = statvfs()
        _ = try call("statvfs", path) { statvfs(path, &result) }
        let unit = Int64(clamping: result.f_frsize)
        return (
            Int64(clamping: result.f_blocks).multipliedClamping(by: unit),
            Int64(clamping: result.f_bavail).multipliedClamping(by: unit)
        )
    }

    private func parentDirectory(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        return String(path[..<slash])
    }
}

private final class RealVolume: Volume {
    private let path: String
    /// The kernel keeps for it which write errors it was told of.
    private let descriptor: Int32

    init(path: String, owning descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func sync() throws(FileError) { _ = try call("syncfs", path) { martlet_syncfs(descriptor) } }
}

/// Runs a system call again as long as a signal interrupts it; -1 becomes an error.
func call<Result: SignedInteger>(
    _ operation: String, _ path: String, _ body: () -> Result
) throws(FileError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw FileError(operation, path, code: code) }
    }
}

extension Int64 {
    fileprivate func multipliedClamping(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
