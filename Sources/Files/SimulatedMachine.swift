import Bytes
import Glibc
import Synchronization

/// What all handles of a `SimulatedFileSystem` call: the disk, with the faults that come before it, until the power is gone.
final class SimulatedMachine: Sendable {
    struct State: Sendable {
        var disk: SimulatedDisk
        var faults = SimulatedFaults()
        var generator: SeededGenerator
        var capacity: Int?
        var now: Int64 = 0
        var locked: Set<String> = []
        /// Syncs that failed with EIO so far.
        var failedSyncs = 0
        /// Calls that change the disk until the power is cut.
        var changesLeft: Int?
        var isDead = false
        var changes = 0
    }

    let state: Mutex<State>

    init(_ state: State) { self.state = Mutex(state) }

    /// Runs one call on the disk, unless the disk is dead or an error comes first; other faults are the body's matter.
    func call<Value: Sendable>(
        _ operation: FileOperation, _ path: String,
        _ body: (inout State, SimulatedFaults.Effect?) throws(ErrorNumber) -> Value
    ) throws(FileError) -> Value {
        do throws(ErrorNumber) {
            return try state.withLock { state throws(ErrorNumber) in
                guard !state.isDead else { throw ErrorNumber(EIO) }
                let effect = state.faults.next(operation, path, using: &state.generator)
                if case .error(let code) = effect { throw ErrorNumber(code) }
                return try body(&state, effect)
            }
        } catch {
            throw FileError(operation.rawValue, path, code: error.code)
        }
    }

    /// A call that changes the disk: at the last one before a power cut it does not happen any more.
    func change(
        _ operation: FileOperation, _ path: String, _ body: (inout State) throws(ErrorNumber) -> Void
    ) throws(FileError) {
        try call(operation, path) { state, _ throws(ErrorNumber) in
            try state.countChange()
            try body(&state)
        }
    }
}

extension SimulatedMachine.State {
    /// Throws if the power is gone before this change.
    mutating func countChange() throws(ErrorNumber) {
        if let left = changesLeft {
            guard left > 0 else {
                isDead = true
                throw ErrorNumber(EIO)
            }
            changesLeft = left - 1
        }
        changes += 1
    }
}
