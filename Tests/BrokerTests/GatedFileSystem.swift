import Files
import Glibc
import Synchronization

/// The real file system, whose logs can be made slow, cold, or blocked until they are let go; it counts what is read of
/// them.
struct GatedFileSystem: FileSystem {
    final class Gate: Sendable {
        private struct State {
            var isClosed = false
            var slowWrites = 0
            var reads = 0
            var isCold = false
            var holdsDeletions = false
        }

        private let state = Mutex(State())

        func close() { state.withLock { $0.isClosed = true } }
        func open() { state.withLock { $0.isClosed = false } }
        /// Makes the next write of a log take 20 ms.
        func slowDown() { state.withLock { $0.slowWrites += 1 } }
        /// Empties the page cache, as it were, and keeps those waiting who read from the disk.
        func freeze() { state.withLock { $0.isCold = true } }
        func thaw() { state.withLock { $0.isCold = false } }
        var isCold: Bool { state.withLock { $0.isCold } }
        /// Keeps those waiting who rename a file so that it can be deleted.
        func holdDeletions(_ holds: Bool) { state.withLock { $0.holdsDeletions = holds } }

        func passDeletion() {
            while state.withLock({ $0.holdsDeletions }) { usleep(500) }
        }

        var reads: Int { state.withLock { $0.reads } }

        func read() { state.withLock { $0.reads += 1 } }

        func pass() {
            let isSlow = state.withLock { (state) -> Bool in
                guard state.slowWrites > 0 else { return false }
                state.slowWrites -= 1
                return true
            }
            if isSlow { usleep(20_000) }
            while state.withLock({ $0.isClosed }) { usleep(500) }
        }
    }

    let gate = Gate()
    private let real = RealFileSystem()

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any File {
        let file = try real.open(path, mode)
        return path.hasSuffix(".log") ? GatedFile(real: file, gate: gate) : file
    }

    func createDirectory(_ path: String) throws(FileError) { try real.createDirectory(path) }
    func list(_ directory: String) throws(FileError) -> [String] { try real.list(directory) }
    func status(_ path: String) throws(FileError) -> FileStatus? { try real.status(path) }
    func rename(_ source: String, to target: String) throws(FileError) {
        if target.hasSuffix(".deleted") { gate.passDeletion() }
        try real.rename(source, to: target)
    }
    func removeFile(_ path: String) throws(FileError) { try real.removeFile(path) }
    func removeDirectory(_ path: String) throws(FileError) { try real.removeDirectory(path) }
    func syncDirectory(_ path: String) throws(FileError) { try real.syncDirectory(path) }
    func volume(of path: String) throws(FileError) -> any Volume { try real.volume(of: path) }
    func lock(_ path: String) throws(FileError) -> (any FileLock)? { try real.lock(path) }
    func space(_ path: String) throws(FileError) -> (total: Int64, usable: Int64) { try real.space(path) }
}

private final class GatedFile: File {
    let real: any File
    let gate: GatedFileSystem.Gate

    init(real: any File, gate: GatedFileSystem.Gate) {
        self.real = real
        self.gate = gate
    }

    var path: String { real.path }
    /// None, so that all reads pass here.
    var descriptor: Int32? { nil }
    func size() throws(FileError) -> Int64 { try real.size() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        gate.read()
        while gate.isCold { usleep(500) }
        return try real.read(into: buffer, at: position)
    }

    func readCached(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int? {
        gate.read()
        return gate.isCold ? nil : try real.readCached(into: buffer, at: position)
    }

    func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) -> Int {
        gate.pass()
        return try real.write(pieces, at: position)
    }

    func sync() throws(FileError) { try real.sync() }
    func truncate(to size: Int64) throws(FileError) { try real.truncate(to: size) }
    func allocate(at position: Int64, count: Int64) throws(FileError) {
        try real.allocate(at: position, count: count)
    }
}
