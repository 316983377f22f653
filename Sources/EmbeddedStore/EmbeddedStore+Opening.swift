import Bytes
import Files

extension EmbeddedStore {
    /// Opens the store in a directory, made if missing, and reads all of it.
    ///
    /// - Parameters:
    ///   - mayBeNew: whether a directory without files is a store that holds nothing yet.
    ///   - wasClosed: whether `close` is known to have ended the last run; then a journal without its end is damaged.
    /// - Throws: `missing`, `corrupt` or `missingRecords` if something that was acknowledged cannot be read any more: the
    ///   files are left untouched then.
    public static func open(
        _ directory: String, on fileSystem: any FileSystem, mayBeNew: Bool = true, wasClosed: Bool = false, now: Int64
    ) throws(StoreError) -> EmbeddedStore {
        let files: StoreFiles
        do {
            files = try prepare(directory, on: fileSystem)
        } catch {
            throw .disk(error)
        }
        guard !files.journals.isEmpty || !files.snapshots.isEmpty else {
            guard mayBeNew else { throw .missing(directory: directory) }
            return try create(files, now: now)
        }
        var contents = StoreContents()
        let (snapshot, journals) = try readLatest(files, &contents.notices)
        contents.snapshot = snapshot
        contents.batches = batches(of: journals, from: snapshot?.endOffset ?? 0)
        guard let last = journals.last else { throw .missingRecords(from: 0, directory: directory) }
        guard last.scan.isClosed || !wasClosed else {
            throw .corrupt(path: last.path, position: Int64(last.scan.lastFrame.upperBound), .truncated)
        }
        if case .torn(let bytes) = last.scan.tail {
            contents.notices.append(.cutTornTail(path: last.path, offset: last.scan.endOffset, bytes: bytes))
        }
        return EmbeddedStore(
            directory: directory, fileSystem: fileSystem, journal: try last.reopen(on: fileSystem),
            endOffset: last.scan.endOffset,
            controllerEpoch: max(last.scan.controllerEpoch, snapshot?.controllerEpoch ?? 0), contents: contents,
            bytesSinceSnapshot: journals.reduce(0) { $0 + Int64($1.bytes.count) }, now: now)
    }

    /// The batches from an offset on, without those of which only the epoch or the end of a run was told.
    static func batches(of journals: [OpenedJournal], from offset: Int64) -> [JournalBatch] {
        journals.flatMap(\.scan.batches).filter { $0.endOffset > offset && !$0.records.isEmpty }
    }

    private static func prepare(_ directory: String, on fileSystem: any FileSystem) throws(FileError) -> StoreFiles {
        try fileSystem.createDirectory(directory)
        // Names that a killed process made may not be durable yet.
        if let slash = directory.lastIndex(of: "/") {
            try fileSystem.syncDirectory(slash == directory.startIndex ? "/" : String(directory[..<slash]))
        }
        try fileSystem.syncDirectory(directory)
        let files = try StoreFiles(directory: directory, fileSystem: fileSystem)
        for name in files.temporaries { try fileSystem.removeFile(files.path(name)) }
        return files
    }

    private static func create(_ files: StoreFiles, now: Int64) throws(StoreError) -> EmbeddedStore {
        let header = FileHeader(.journal, offset: 0, controllerEpoch: 0, time: now)
        return EmbeddedStore(
            directory: files.directory, fileSystem: files.fileSystem, journal: try Journal(creating: header, in: files),
            endOffset: 0, controllerEpoch: 0, contents: StoreContents(), bytesSinceSnapshot: 0, now: now)
    }

    struct OpenedJournal {
        var path: String
        var bytes: Buffer
        var scan: JournalScan

        func reopen(on fileSystem: any FileSystem) throws(StoreError) -> Journal {
            do {
                return try bytes.withUnsafeBytes { (bytes) throws(FileError) in
                    try Journal(reopening: path, scan: scan, bytes: bytes, on: fileSystem)
                }
            } catch {
                throw .disk(error)
            }
        }
    }

    /// The newest snapshot that is intact, with the journals behind it.
    private static func readLatest(
        _ files: StoreFiles, _ notices: inout [StoreNotice]
    ) throws(StoreError) -> (Snapshot?, [OpenedJournal]) {
        var firstError: StoreError?
        for name in files.snapshots.reversed() {
            let path = files.path(name.fileName)
            do throws(StoreError) {
                let snapshot = try readSnapshot(name, in: files)
                return (snapshot, try readJournals(from: snapshot.endOffset, in: files))
            } catch {
                // Only damage to the snapshot itself is made good by an older one.
                guard case .corrupt(path, _, _) = error else { throw error }
                notices.append(.skippedSnapshot(path: path, error))
                firstError = firstError ?? error
            }
        }
        // All journals from the first on are a history without a snapshot.
        guard files.journals.first == 0 else {
            throw firstError ?? .missingRecords(from: 0, directory: files.directory)
        }
        return (nil, try readJournals(from: 0, in: files))
    }

    static func readSnapshot(_ name: StoreFiles.SnapshotName, in files: StoreFiles) throws(StoreError)
        -> Snapshot
    {
        let path = files.path(name.fileName)
        let bytes = try read(name.fileName, in: files)
        let snapshot = try bytes.withUnsafeBytes { (bytes) throws(StoreError) in try Snapshot(bytes, path: path) }
        guard snapshot.name == name else {
            throw .corrupt(path: path, position: 0, .sequence)
        }
        return snapshot
    }

    static func readJournals(from offset: Int64, in files: StoreFiles) throws(StoreError) -> [OpenedJournal] {
        let missing = StoreError.missingRecords(from: offset, directory: files.directory)
        guard let first = files.journals.lastIndex(where: { $0 <= offset }) else { throw missing }
        var journals: [OpenedJournal] = []
        for base in files.journals[first...] {
            let name = StoreFiles.journalName(base)
            let path = files.path(name)
            let bytes = try read(name, in: files)
            let scan = try bytes.withUnsafeBytes { (bytes) throws(StoreError) in try JournalScan(bytes, path: path) }
            guard scan.header.offset == base else { throw .corrupt(path: path, position: 0, .sequence) }
            if let previous = journals.last {
                // A journal is complete and synced before the next one is made.
                guard previous.scan.tail == .none else {
                    throw .corrupt(path: previous.path, position: Int64(previous.scan.lastFrame.upperBound), .frame)
                }
                guard previous.scan.endOffset == base, previous.scan.controllerEpoch <= scan.header.controllerEpoch
                else {
                    throw .missingRecords(from: previous.scan.endOffset, directory: files.directory)
                }
            }
            journals.append(OpenedJournal(path: path, bytes: bytes, scan: scan))
        }
        guard let last = journals.last, last.scan.endOffset >= offset else { throw missing }
        return journals
    }

    private static func read(_ name: String, in files: StoreFiles) throws(StoreError) -> Buffer {
        do { return try files.read(name) } catch { throw .disk(error) }
    }
}
