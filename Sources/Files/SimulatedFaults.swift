import Bytes
import Glibc

/// The calls of `FileSystem` and `File`.
public enum FileOperation: String, Sendable, CaseIterable {
    case open, createDirectory, list, status, rename, removeFile, removeDirectory, syncDirectory
    case volume, syncFileSystem, lock, space
    case size, read, readCached, write, sync, truncate, allocate
}

/// What goes wrong on a simulated disk: what a script says, then what chance says.
public struct SimulatedFaults: Sendable {
    /// What happens in place of the call.
    public enum Effect: Sendable, Equatable {
        /// The call fails with this `errno`. A failed `sync` marks the pages clean without writing them.
        case error(Int32)
        /// A write or read stops after this many bytes.
        case short(Int)
        /// `readCached` answers that the disk would have to be waited for.
        case cold

        /// The disk cannot read or write (EIO).
        public static let broken = Effect.error(EIO)
        /// No room is left (ENOSPC).
        public static let full = Effect.error(ENOSPC)
    }

    private struct Script: Sendable {
        var operation: FileOperation
        var suffix: String
        var skipped: Int
        var remaining: Int
        var effect: Effect
    }

    /// Chances from 0 (never) to 1 (always).
    public var writeErrors = 0.0
    public var syncErrors = 0.0
    public var shortWrites = 0.0
    public var coldReads = 0.0
    private var scripts: [Script] = []

    public init() {}

    /// Lets the calls of one kind go wrong, on paths with the given end: the first `skipping` of them go well, then
    /// `times` of them do not.
    public mutating func script(
        _ operation: FileOperation, on suffix: String = "", _ effect: Effect, skipping: Int = 0, times: Int = 1
    ) {
        scripts.append(
            Script(operation: operation, suffix: suffix, skipped: skipping, remaining: times, effect: effect))
    }

    mutating func next(_ operation: FileOperation, _ path: String, using generator: inout SeededGenerator) -> Effect? {
        scripted(operation, path) ?? random(operation, using: &generator)
    }

    private mutating func scripted(_ operation: FileOperation, _ path: String) -> Effect? {
        for index in scripts.indices
        where scripts[index].operation == operation && path.hasSuffix(scripts[index].suffix) {
            if scripts[index].skipped > 0 {
                scripts[index].skipped -= 1
            } else {
                scripts[index].remaining -= 1
                let effect = scripts[index].effect
                scripts.removeAll { $0.remaining <= 0 }
                return effect
            }
        }
        return nil
    }

    private func random(_ operation: FileOperation, using generator: inout SeededGenerator) -> Effect? {
        switch operation {
        case .write:
            if generator.chance(writeErrors) { return .broken }
            return generator.chance(shortWrites) ? .short(Int.random(in: 1...8192, using: &generator)) : nil
        case .sync, .syncFileSystem, .syncDirectory: return generator.chance(syncErrors) ? .broken : nil
        case .readCached: return generator.chance(coldReads) ? .cold : nil
        default: return nil
        }
    }
}
