import Synchronization

/// Any file system, with a record of what was done to it and in which order, so that a test can prove that nothing was
/// acknowledged before the sync that covers it.
///
/// The lock inside gives the calls of all threads one order. No path of the server uses it.
public final class RecordingFileSystem: FileSystem {
    private struct Record: Sendable {
        var events: [FileEvent] = []
        var trace = FileTrace()
        var nextFile = 1
        var nextSync = 0

        mutating func add(_ event: FileEvent) {
            events.append(event)
            trace.apply(event)
        }
    }

    private let base: any FileSystem
    private let record = Mutex(Record())
    private let onEvent: (@Sendable (FileEvent) -> Void)?

    /// - Parameter onEvent: called after an event was recorded, on the thread of the call, which waits for it: a test
    ///   may hold a sync there that has begun, and look at what the server does meanwhile.
    public init(_ base: any FileSystem, onEvent: (@Sendable (FileEvent) -> Void)? = nil) {
        self.base = base
        self.onEvent = onEvent
    }

    /// All that happened so far.
    public var events: [FileEvent] { record.withLock { $0.events } }

    /// What is durable now.
    public var trace: FileTrace { record.withLock { $0.trace } }

    /// Puts a note between the events.
    public func mark(_ label: String) { add(FileEvent("", .mark(label))) }

    fileprivate func add(_ event: FileEvent) {
        record.withLock { $0.add(event) }
        onEvent?(event)
    }

    /// Records that a file was opened, and emptied thereby; the file's number.
    fileprivate func addOpened(_ path: String, created: Bool, emptied: Bool) -> Int {
        let (event, number) = record.withLock { record in
            let number = created ? record.nextFile : record.trace.file(path) ?? record.nextFile
            record.nextFile = max(record.nextFile, number + 1)
            let event = FileEvent(path, .opened(created: created), file: number)
            record.add(event)
            if emptied { record.add(FileEvent(path, .truncated(to: 0), file: number)) }
            return (event, number)
        }
        onEvent?(event)
        return number
    }

    fileprivate func recordSync(
        _ path: String, file: Int = 0, began: (Int) -> FileEvent.Kind, ended: (Int) -> FileEvent.Kind,
        _ body: () throws(FileError) -> Void
    ) throws(FileError) {
        let sync = record.withLock { record in
            record.nextSync += 1
            return record.nextSync
        }
        add(FileEvent(path, began(sync), file: file))
        do {
            try body()
        } catch {
            add(FileEvent(path, .syncFailed(sync), file: file))
            throw error
        }
        add(FileEvent(path, ended(sync), file: file))
    }
}

extension RecordingFileSystem {
    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any File {
        let existed = try base.status(path) != nil
        let file = try base.open(path, mode)
        let number = addOpened(path, created: !existed, emptied: existed && mode == .replace)
        return RecordingFile(file, number: number, in: self)
    }

    public func createDirectory(_ path: String) throws(FileError) {
        var created: [String] = []
        var next = path
        while !next.isEmpty, try base.status(next) == nil {
            created.append(next)
            next = next.lastIndex(of: "/").map { String(next[..<$0]) } ?? ""
        }
        try base.createDirectory(path)
        for directory in created.reversed() { add(FileEvent(directory, .opened(created: true))) }
    }

    public func list(_ directory: String) throws(FileError) -> [String] { try base.list(directory) }

    public func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }

    public func rename(_ source: String, to target: String) throws(FileError) {
        try base.rename(source, to: target)
        add(FileEvent(source, .renamed(to: target)))
    }

    public func removeFile(_ path: String) throws(FileError) {
        try base.removeFile(path)
        add(FileEvent(path, .removed))
    }

    public func removeDirectory(_ path: String) throws(FileError) {
        try base.removeDirectory(path)
        add(FileEvent(path, .removed))
    }

    public func syncDirectory(_ path: String) throws(FileError) {
        try recordSync(path, began: FileEvent.Kind.directorySyncBegan, ended: FileEvent.Kind.directorySyncEnded) {
            () throws(FileError) in try base.syncDirectory(path)
        }
    }

    public func volume(of path: String) throws(FileError) -> any Volume {
        RecordingVolume(try base.volume(of: path), path: path, in: self)
    }

    public func lock(_ path: String) throws(FileError) -> (any FileLock)? { try base.lock(path) }

    public func space(_ path: String) throws(FileError) -> (total: Int64, usable: Int64) { try base.space(path) }
}

private final class RecordingVolume: Volume {
    private let base: any Volume
    private let path: String
    private let fileSystem: RecordingFileSystem

    init(_ base: any Volume, path: String, in fileSystem: RecordingFileSystem) {
        self.base = base
        self.path = path
        self.fileSystem = fileSystem
    }

    func sync() throws(FileError) {
        try fileSystem.recordSync(
            path, began: FileEvent.Kind.fileSystemSyncBegan, ended: FileEvent.Kind.fileSystemSyncEnded
        ) { () throws(FileError) in try base.sync() }
    }
}

private final class RecordingFile: File {
    private let base: any File
    private let number: Int
    private let fileSystem: RecordingFileSystem

    init(_ base: any File, number: Int, in fileSystem: RecordingFileSystem) {
        self.base = base
        self.number = number
        self.fileSystem = fileSystem
    }

    var path: String { base.path }
    var descriptor: Int32? { base.descriptor }

    func size() throws(FileError) -> Int64 { try base.size() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try base.read(into: buffer, at: position)
    }

    func readCached(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int? {
        try base.readCached(into: buffer, at: position)
    }

    func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) -> Int {
        let count = try base.write(pieces, at: position)
        fileSystem.add(FileEvent(path, .wrote(position..<position + Int64(count)), file: number))
        return count
    }

    func sync() throws(FileError) {
        try fileSystem.recordSync(path, file: number, began: FileEvent.Kind.syncBegan, ended: FileEvent.Kind.syncEnded)
        {
            () throws(FileError) in try base.sync()
        }
    }

    func truncate(to size: Int64) throws(FileError) {
        try base.truncate(to: size)
        fileSystem.add(FileEvent(path, .truncated(to: size), file: number))
    }

    func allocate(at position: Int64, count: Int64) throws(FileError) {
        try base.allocate(at: position, count: count)
    }
}
