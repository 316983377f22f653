import Bytes
import Glibc
import Synchronization

/// A model of a Linux disk in memory, the same for the same seed and the same calls.
///
/// It forgets in a crash what was not synced: each changed page stays, goes or is torn between two sectors; each length
/// that a file had since its sync may be the one that is left; names that were created, moved or removed since the sync
/// of their directory are kept or not. It is as unkind as POSIX allows: a name may survive without its content.
///
/// The lock inside makes it Sendable, as the protocol asks, so that a test may share it between the threads of a
/// blocking pool. No path of the server uses it.
public final class SimulatedFileSystem: FileSystem {
    private let machine: SimulatedMachine

    /// An empty disk.
    ///
    /// - Parameters:
    ///   - seed: decides the faults that come by chance.
    ///   - capacity: bytes the disk holds, as whole pages of 4 KiB; nil is no limit.
    public init(seed: UInt64 = 0, capacity: Int? = nil) {
        machine = SimulatedMachine(
            SimulatedMachine.State(
                disk: SimulatedDisk(), generator: SeededGenerator(seed: seed), capacity: capacity))
    }

    private init(_ next: SimulatedMachine.State) { machine = SimulatedMachine(next) }
}

// MARK: - What a test decides

extension SimulatedFileSystem {
    /// Changes what goes wrong from now on.
    public func withFaults<Value: Sendable>(_ body: (inout SimulatedFaults) -> Value) -> Value {
        machine.state.withLock { body(&$0.faults) }
    }

    /// Bytes the disk holds; nil is no limit. May be less than what is on it already.
    public var capacity: Int? {
        get { machine.state.withLock { $0.capacity } }
        set { machine.state.withLock { $0.capacity = newValue } }
    }

    /// Bytes reserved by the files that have a name or are open.
    public var usedBytes: Int { machine.state.withLock { $0.disk.used } }

    /// Milliseconds since 1970, which changed files get as their time.
    public var now: Int64 {
        get { machine.state.withLock { $0.now } }
        set { machine.state.withLock { $0.now = newValue } }
    }

    /// How many calls changed the disk or made a change durable so far.
    public var changeCount: Int { machine.state.withLock { $0.changes } }

    /// Cuts the power after this many more calls that change the disk: all later calls fail, and `crash` tells what is
    /// left. So a test reaches the middle of a function that makes many calls.
    public func cutPower(afterChanges count: Int) {
        machine.state.withLock { $0.changesLeft = count }
    }

    /// The disk as a machine finds it after a power loss, without faults, locks or handles. This one, and the files open on it, are dead from now on.
    ///
    /// - Parameter isJournaled: whether changes of names survive in the order in which they were made, as on ext4 and XFS.
    ///   Otherwise any of them may survive without the others, which is all that POSIX promises.
    public func crash(
        using generator: inout some RandomNumberGenerator, isJournaled: Bool = false
    ) -> SimulatedFileSystem {
        let before = end()
        let disk = before.disk.afterCrash(using: &generator, isJournaled: isJournaled)
        var next = SimulatedMachine.State(disk: disk, generator: before.generator, capacity: before.capacity)
        next.now = before.now
        return SimulatedFileSystem(next)
    }

    /// The disk as the next process finds it after `kill -9`: all that was written is there, synced or not.
    public func kill() -> SimulatedFileSystem {
        let before = end()
        var next = SimulatedMachine.State(
            disk: before.disk.afterKill(), generator: before.generator, capacity: before.capacity)
        next.now = before.now
        return SimulatedFileSystem(next)
    }

    private func end() -> SimulatedMachine.State {
        machine.state.withLock {
            $0.isDead = true
            return $0
        }
    }
}

// MARK: - FileSystem

extension SimulatedFileSystem {
    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any File {
        let identifier = try machine.call(.open, path) { state, _ throws(ErrorNumber) in
            if let found = state.disk.find(path) {
                guard !state.disk.isDirectory(found) else { throw ErrorNumber(EISDIR) }
                if mode == .replace {
                    try state.countChange()
                    state.disk.withContent(found, modifiedAt: state.now) { $0.truncate(to: 0) }
                }
                state.disk.retain(found)
                return found
            }
            guard mode == .replace || mode == .readWriteCreate else { throw ErrorNumber(ENOENT) }
            let (directory, name) = try state.disk.parent(of: path).get()
            try state.countChange()
            let created = state.disk.createFile(in: directory, name: name, now: state.now)
            state.disk.retain(created)
            return created
        }
        return SimulatedFile(machine: machine, path: path, identifier: identifier, isWritable: mode != .read)
    }

    public func createDirectory(_ path: String) throws(FileError) {
        try machine.change(.createDirectory, path) { state throws(ErrorNumber) in
            try state.disk.createDirectory(path, now: state.now)
        }
    }

    public func list(_ directory: String) throws(FileError) -> [String] {
        try machine.call(.list, directory) { state, _ throws(ErrorNumber) in
            guard let found = state.disk.find(directory) else { throw ErrorNumber(ENOENT) }
            guard let names = state.disk.names(in: found) else { throw ErrorNumber(ENOTDIR) }
            return names
        }
    }

    public func status(_ path: String) throws(FileError) -> FileStatus? {
        try machine.call(.status, path) { state, _ throws(ErrorNumber) in
            guard let found = state.disk.find(path) else { return nil }
            return FileStatus(
                size: Int64(state.disk.size(of: found)), isDirectory: state.disk.isDirectory(found),
                modified: state.disk.modified(found))
        }
    }

    public func rename(_ source: String, to target: String) throws(FileError) {
        try machine.change(.rename, source) { state throws(ErrorNumber) in try state.disk.rename(source, to: target) }
    }

    public func removeFile(_ path: String) throws(FileError) {
        try machine.change(.removeFile, path) { state throws(ErrorNumber) in try state.disk.removeFile(path) }
    }

    public func removeDirectory(_ path: String) throws(FileError) {
        try machine.change(.removeDirectory, path) { state throws(ErrorNumber) in try state.disk.removeDirectory(path) }
    }

    public func syncDirectory(_ path: String) throws(FileError) {
        try machine.change(.syncDirectory, path) { state throws(ErrorNumber) in
            guard let found = state.disk.find(path) else { throw ErrorNumber(ENOENT) }
            guard state.disk.isDirectory(found) else { throw ErrorNumber(ENOTDIR) }
            state.disk.syncDirectory(found)
        }
    }

    public func volume(of path: String) throws(FileError) -> any Volume {
        let failedSyncs = try machine.call(.volume, path) { state, _ throws(ErrorNumber) in
            guard let found = state.disk.find(path) else { throw ErrorNumber(ENOENT) }
            guard state.disk.isDirectory(found) else { throw ErrorNumber(ENOTDIR) }
            return state.failedSyncs
        }
        return SimulatedVolume(machine: machine, path: path, failedSyncs: failedSyncs)
    }

    public func lock(_ path: String) throws(FileError) -> (any FileLock)? {
        _ = try open(path, .readWriteCreate)
        let name = SimulatedDisk.components(path).joined(separator: "/")
        let isFree = try machine.call(.lock, path) { state, _ throws(ErrorNumber) in state.locked.insert(name).inserted
        }
        return isFree ? SimulatedLock(machine: machine, name: name) : nil
    }

    public func space(_ path: String) throws(FileError) -> (total: Int64, usable: Int64) {
        try machine.call(.space, path) { state, _ throws(ErrorNumber) in
            guard state.disk.find(path) != nil else { throw ErrorNumber(ENOENT) }
            let total = state.capacity ?? 1 << 50
            return (Int64(total), Int64(max(0, total - state.disk.used)))
        }
    }
}
