import Files
import Logging
import Runtime

/// Whether there is room in a log directory, and what of that was told.
struct DirectoryRoom {
    private enum State {
        case enough
        /// Told a moment ago that there is none; whether something was written since.
        case lacking(hasWritten: Bool)
        /// It is time to tell it again if it is still so.
        case doubtful
    }

    private var state = State.enough

    /// A write found no room. True where that is to be told, and `reminder` to be called after a while.
    mutating func lacked() -> Bool {
        defer { state = .lacking(hasWritten: false) }
        if case .lacking = state { return false }
        return true
    }

    /// A write succeeded. True where it is to be told that there is room again.
    mutating func written() -> Bool {
        switch state {
        case .enough: return false
        case .lacking:
            state = .lacking(hasWritten: true)
            return false
        case .doubtful:
            state = .enough
            return true
        }
    }

    /// A while has passed since it was told that there is no room. True where it is to be told that there is some again.
    mutating func reminder() -> Bool {
        guard case .lacking(let hasWritten) = state else { return false }
        state = hasWritten ? .enough : .doubtful
        return hasWritten
    }
}

/// Log directories without room, or that have failed.
extension BrokerShard {
    private static let reminderInterval = Interval.seconds(10)

    /// Something cannot be written for want of room or of descriptors.
    func directoryFull(_ directory: Int, _ error: FileError) {
        if error.isOutOfSpace { makeRoom(in: directory) }
        guard directoryRoom[directory].lacked() else { return }
        log.error(
            error.isOutOfDescriptors
                ? "out of file descriptors: appends fail until some are closed"
                : "no space left: appends fail until there is some",
            metadata: ["directory": "\(context.directories[directory].path)", "error": "\(error)"])
        loop.schedule(after: BrokerShard.reminderInterval) { [weak self] in
            guard let self, directoryRoom[directory].reminder() else { return }
            tellRoom(in: directory)
        }
    }

    func directoryWritten(_ directory: Int) {
        if directoryRoom[directory].written() { tellRoom(in: directory) }
    }

    private func tellRoom(in directory: Int) {
        log.info(
            "there is room again: appends succeed", metadata: ["directory": "\(context.directories[directory].path)"])
    }

    func directoryFailed(_ directory: Int, _ error: FileError) {
        guard failedDirectories.insert(directory).inserted else { return }
        log.error(
            "a write or sync failed: the directory takes no more writes until the broker was restarted",
            metadata: ["directory": "\(context.directories[directory].path)", "error": "\(error)"])
    }
}
