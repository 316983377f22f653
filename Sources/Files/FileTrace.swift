/// One thing that happened on a recorded file system.
public struct FileEvent: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Also of a directory that was made.
        case opened(created: Bool)
        /// Recorded when the write has returned; the bytes that were really written.
        case wrote(Range<Int64>)
        case truncated(to: Int64)
        case renamed(to: String)
        case removed
        /// A sync of a file (`fdatasync`) starts; it covers what was written before. The number pairs it with its end.
        case syncBegan(Int)
        case syncEnded(Int)
        case directorySyncBegan(Int)
        case directorySyncEnded(Int)
        case fileSystemSyncBegan(Int)
        case fileSystemSyncEnded(Int)
        /// A sync of any kind that failed: it made nothing durable.
        case syncFailed(Int)
        /// What a test notes between the calls: that an acknowledgement has arrived, for instance.
        case mark(String)
    }

    /// The name when it was opened, for what happens to an open file.
    public var path: String
    public var kind: Kind
    /// Numbers the files that were opened, whatever name they get later; 0 where no open file is meant.
    public var file: Int

    public init(_ path: String, _ kind: Kind, file: Int = 0) {
        self.path = path
        self.kind = kind
        self.file = file
    }
}

/// What is durable after some of the events of a trace. A path stands for the file that has this name by then, under
/// whatever name it was written.
public struct FileTrace: Sendable {
    private struct Entry: Sendable {
        var time: Int
        var file: Int
        var bytes: Range<Int64>
    }

    /// Events applied so far: the clock of the trace.
    private var time = 0
    private var files: [String: Int] = [:]
    private var unsynced: [Entry] = []
    /// Names that were made and whose directory was not synced since, with the time of their making.
    private var unsyncedNames: [String: Int] = [:]
    private var syncs: [Int: Int] = [:]

    public init() {}

    /// The state after the first `count` events.
    public init(_ events: some Sequence<FileEvent>, count: Int) {
        for event in events.prefix(count) { apply(event) }
    }

    public mutating func apply(_ event: FileEvent) {
        time += 1
        switch event.kind {
        case .opened(let created):
            if event.file != 0 { files[event.path] = event.file }
            if created { unsyncedNames[event.path] = time }
        case .wrote(let bytes): unsynced.append(Entry(time: time, file: event.file, bytes: bytes))
        case .truncated(let size):
            unsynced.append(Entry(time: time, file: event.file, bytes: size..<Int64.max))
        case .renamed(let target): rename(event.path, to: target)
        case .removed: forget(event.path)
        case .syncBegan(let sync), .directorySyncBegan(let sync), .fileSystemSyncBegan(let sync): syncs[sync] = time
        case .syncEnded(let sync): settle(sync, files: { $0 == event.file }, names: { _ in false })
        case .directorySyncEnded(let sync):
            settle(sync, files: { _ in false }, names: { FileTrace.directory(of: $0) == event.path })
        case .fileSystemSyncEnded(let sync): settle(sync, files: { _ in true }, names: { _ in true })
        case .syncFailed(let sync): syncs[sync] = nil
        case .mark: break
        }
    }

    /// The number of the file that has this name now, if it was opened since the recording began.
    public func file(_ path: String) -> Int? { files[path] }

    /// Whether a sync that began after they were written has ended, for all writes that touch these bytes. Bytes that
    /// were there before the recording count as synced.
    public func isSynced(_ path: String, _ bytes: Range<Int64>) -> Bool {
        guard let file = files[path] else { return true }
        return !unsynced.contains { $0.file == file && $0.bytes.overlaps(bytes) }
    }

    /// Whether the name, and those of the directories above it, would be there after a power loss.
    public func isNameSynced(_ path: String) -> Bool {
        var path = path
        while !path.isEmpty {
            if unsyncedNames[path] != nil { return false }
            path = FileTrace.directory(of: path)
        }
        return true
    }

    /// Whether a power loss would leave these bytes and a name to find them by.
    public func isDurable(_ path: String, _ bytes: Range<Int64>) -> Bool {
        isSynced(path, bytes) && isNameSynced(path)
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private mutating func rename(_ source: String, to target: String) {
        forget(target)
        for (path, file) in files where path == source || path.hasPrefix(source + "/") {
            files[path] = nil
            files[target + path.dropFirst(source.count)] = file
        }
        for (path, made) in unsyncedNames where path == source || path.hasPrefix(source + "/") {
            unsyncedNames[path] = nil
            unsyncedNames[target + path.dropFirst(source.count)] = made
        }
        unsyncedNames[target] = time
    }

    private mutating func forget(_ removed: String) {
        for path in files.keys where path == removed || path.hasPrefix(removed + "/") { files[path] = nil }
        for path in unsyncedNames.keys where path == removed || path.hasPrefix(removed + "/") {
            unsyncedNames[path] = nil
        }
    }

    private mutating func settle(_ sync: Int, files: (Int) -> Bool, names: (String) -> Bool) {
        guard let began = syncs.removeValue(forKey: sync) else { return }
        unsynced.removeAll { $0.time < began && files($0.file) }
        unsyncedNames = unsyncedNames.filter { !($0.value < began && names($0.key)) }
    }
}
