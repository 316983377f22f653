import Glibc
import Synchronization

/// An open file of a `SimulatedFileSystem`.
final class SimulatedFile: File {
    let path: String
    private let machine: SimulatedMachine
    private let identifier: SimulatedDisk.Identifier
    private let isWritable: Bool

    init(machine: SimulatedMachine, path: String, identifier: SimulatedDisk.Identifier, isWritable: Bool) {
        self.machine = machine
        self.path = path
        self.identifier = identifier
        self.isWritable = isWritable
    }

    deinit {
        machine.state.withLock { $0.disk.release(identifier) }
    }

    var descriptor: Int32? { nil }

    func size() throws(FileError) -> Int64 {
        try machine.call(.size, path) { state, _ throws(ErrorNumber) in Int64(state.disk.size(of: identifier)) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        let position = try index(position, "read")
        return try machine.call(.read, path) { state, _ throws(ErrorNumber) in
            state.disk.read(identifier, into: buffer, at: position)
        }
    }

    func readCached(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int? {
        let position = try index(position, "readCached")
        return try machine.call(.readCached, path) { state, effect throws(ErrorNumber) in
            switch effect {
            case .cold: nil
            case .short(let count):
                state.disk.read(
                    identifier, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(count)), at: position)
            default: state.disk.read(identifier, into: buffer, at: position)
            }
        }
    }

    func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) -> Int {
        guard isWritable else { throw FileError("write", path, code: EBADF) }
        let position = try index(position, "write")
        let wanted = pieces.reduce(0) { $0 + $1.count }
        return try machine.call(.write, path) { state, effect throws(ErrorNumber) in
            try state.countChange()
            var count = wanted
            if case .short(let limit) = effect { count = min(count, max(1, limit)) }
            if let capacity = state.capacity {
                count = state.disk.room(for: count, at: position, in: identifier, capacity: capacity)
                if count == 0, wanted > 0 { throw ErrorNumber(ENOSPC) }
            }
            state.disk.withContent(identifier, modifiedAt: state.now) { $0.write(pieces, count: count, at: position) }
            return count
        }
    }

    func sync() throws(FileError) {
        do {
            try machine.call(.sync, path) { state, _ throws(ErrorNumber) in
                try state.countChange()
                state.disk.withContent(identifier, modifiedAt: nil) { $0.sync() }
            }
        } catch {
            if error.code == EIO {
                machine.state.withLock { state in
                    state.failedSyncs += 1
                    _ = state.disk.withContent(identifier, modifiedAt: nil) { $0.failSync() }
                }
            }
            throw error
        }
    }

    func truncate(to size: Int64) throws(FileError) {
        guard isWritable else { throw FileError("truncate", path, code: EINVAL) }
        let size = try index(size, "truncate")
        try machine.call(.truncate, path) { state, _ throws(ErrorNumber) in
            try state.countChange()
            state.disk.withContent(identifier, modifiedAt: state.now) { $0.truncate(to: size) }
        }
    }

    func allocate(at position: Int64, count: Int64) throws(FileError) {
        guard isWritable else { throw FileError("allocate", path, code: EBADF) }
        let end = try index(position, "allocate") + index(count, "allocate")
        try machine.call(.allocate, path) { state, _ throws(ErrorNumber) in
            try state.countChange()
            if let capacity = state.capacity {
                let needed = end - state.disk.room(for: end, at: 0, in: identifier, capacity: capacity)
                guard needed <= 0 else { throw ErrorNumber(ENOSPC) }
            }
            state.disk.withContent(identifier, modifiedAt: nil) { $0.allocate(to: end) }
        }
    }

    /// A position inside a file as large as memory allows; Linux, too, answers EINVAL to a negative one.
    private func index(_ position: Int64, _ operation: String) throws(FileError) -> Int {
        guard position >= 0, position < 1 << 40 else { throw FileError(operation, path, code: EINVAL) }
        return Int(position)
    }
}

/// The simulated disk as a whole.
final class SimulatedVolume: Volume {
    private let machine: SimulatedMachine
    private let path: String
    /// Failed syncs that were reported here, or were none of this volume's time.
    private let reported: Mutex<Int>

    init(machine: SimulatedMachine, path: String, failedSyncs: Int) {
        self.machine = machine
        self.path = path
        reported = Mutex(failedSyncs)
    }

    func sync() throws(FileError) {
        do {
            try machine.change(.syncFileSystem, path) { state throws(ErrorNumber) in state.disk.syncAll() }
        } catch {
            if error.code == EIO {
                let failed = machine.state.withLock { state in
                    state.disk.failSyncAll()
                    state.failedSyncs += 1
                    return state.failedSyncs
                }
                reported.withLock { $0 = failed }
            }
            throw error
        }
        let failed = machine.state.withLock { $0.failedSyncs }
        let isNew = reported.withLock { reported in
            defer { reported = failed }
            return reported < failed
        }
        if isNew { throw FileError(FileOperation.syncFileSystem.rawValue, path, code: EIO) }
    }
}

final class SimulatedLock: FileLock {
    private let machine: SimulatedMachine
    private let name: String

    init(machine: SimulatedMachine, name: String) {
        self.machine = machine
        self.name = name
    }

    func release() {
        machine.state.withLock { _ = $0.locked.remove(name) }
    }
}
