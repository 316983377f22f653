/// What the storage engine needs of a disk. `RealFileSystem` is Linux; `SimulatedFileSystem` is a model of it that forgets
/// what was not synced when it crashes. Calls block: they run on a shard only where they are known to be short.
public protocol FileSystem: Sendable {
    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any File
    /// Creates the directory and those above it that are missing.
    func createDirectory(_ path: String) throws(FileError)
    /// Names in the directory, sorted.
    func list(_ directory: String) throws(FileError) -> [String]
    /// nil where nothing has this path.
    func status(_ path: String) throws(FileError) -> FileStatus?
    /// Replaces what stood at `target`. Durable only after `syncDirectory` of both directories.
    func rename(_ source: String, to target: String) throws(FileError)
    func removeFile(_ path: String) throws(FileError)
    /// Removes the directory and all that is in it.
    func removeDirectory(_ path: String) throws(FileError)
    /// Makes the names in the directory (created, renamed, removed) durable.
    func syncDirectory(_ path: String) throws(FileError)
    /// Opens what holds the path as a whole.
    func volume(of path: String) throws(FileError) -> any Volume
    /// Takes the advisory lock of this file, created if missing; nil if another process holds it.
    func lock(_ path: String) throws(FileError) -> (any FileLock)?
    /// Total and usable bytes of the file system that holds the path.
    func space(_ path: String) throws(FileError) -> (total: Int64, usable: Int64)
}

/// An open file. Closed when the last reference goes, so that a reader keeps a deleted file's bytes.
public protocol File: AnyObject, Sendable {
    /// The path it was opened at (the file may have been renamed since).
    var path: String { get }
    /// What `sendfile` can read from; nil in a simulation.
    var descriptor: Int32? { get }
    func size() throws(FileError) -> Int64
    /// Reads until the buffer is full or the file ends; the number of bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int
    /// Like `read`, but nil as soon as the disk would have to be waited for.
    func readCached(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int?
    /// Writes the pieces one after another; the number of bytes written, which may be short.
    func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) -> Int
    /// Makes the bytes and the length durable (`fdatasync`).
    func sync() throws(FileError)
    func truncate(to size: Int64) throws(FileError)
    /// Reserves room on the disk without changing the length.
    func allocate(at position: Int64, count: Int64) throws(FileError)
}

/// A file system as a whole, by a directory in it. Closed when the last reference goes.
public protocol Volume: AnyObject, Sendable {
    /// Makes durable all that was written to the file system (`syncfs`). A write error since the volume was opened is
    /// thrown once, also where a sync of a file or another volume has met it before.
    func sync() throws(FileError)
}

/// Held until released or the process ends.
public protocol FileLock: AnyObject, Sendable {
    func release()
}

public enum OpenMode: Sendable {
    /// The file must exist.
    case read
    case readWrite
    /// Created if missing, kept if not.
    case readWriteCreate
    /// Created, or emptied if there was one.
    case replace
}

public struct FileStatus: Sendable, Equatable {
    public var size: Int64
    public var isDirectory: Bool
    /// Milliseconds since 1970.
    public var modified: Int64

    public init(size: Int64, isDirectory: Bool, modified: Int64) {
        self.size = size
        self.isDirectory = isDirectory
        self.modified = modified
    }
}

/// A call to the disk that failed, with the number that the kernel gave (`errno`).
public struct FileError: Error, Sendable, Equatable {
    public var operation: String
    public var path: String
    public var code: Int32

    public init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// ENOSPC or EDQUOT: goes away by itself when room is made.
    public var isOutOfSpace: Bool { code == 28 || code == 122 }
    /// ENFILE or EMFILE: goes away when files are closed.
    public var isOutOfDescriptors: Bool { code == 23 || code == 24 }
    /// One of these: trying again later may succeed, and nothing is broken.
    public var passes: Bool { isOutOfSpace || isOutOfDescriptors }
    /// ENOENT.
    public var isMissing: Bool { code == 2 }
    /// ENOTDIR: what the path has above its last part is a file.
    public var isOfNoDirectory: Bool { code == 20 }
}

extension File {
    /// Writes all pieces, or throws; a short write is continued.
    public func writeAll(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) {
        let total = pieces.reduce(0) { $0 + $1.count }
        var done = total == 0 ? 0 : try write(pieces, at: position)
        while done < total {
            guard done > 0 else { throw FileError("write", path, code: 5) }
            let count = try write(rest(of: pieces, after: done), at: position + Int64(done))
            guard count > 0 else { throw FileError("write", path, code: 5) }
            done += count
        }
    }

    public func writeAll(_ bytes: [UInt8], at position: Int64) throws(FileError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in
            try writeAll([UnsafeRawBufferPointer(buffer)], at: position)
        }
    }
}

/// The pieces without their first `count` bytes.
private func rest(of pieces: [UnsafeRawBufferPointer], after count: Int) -> [UnsafeRawBufferPointer] {
    var skipped = 0
    var rest: [UnsafeRawBufferPointer] = []
    for piece in pieces {
        let start = min(max(count - skipped, 0), piece.count)
        if start < piece.count { rest.append(UnsafeRawBufferPointer(rebasing: piece[start...])) }
        skipped += piece.count
    }
    return rest
}
