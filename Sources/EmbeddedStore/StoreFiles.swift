import Bytes
import Files

/// The files of a store by their names: `%020d.journal` (first offset) and `%020d-%010d.snapshot` (the offset behind its
/// last record, controller epoch).
struct StoreFiles {
    struct SnapshotName: Equatable {
        var endOffset: Int64
        var controllerEpoch: Int32

        var fileName: String { "\(digits(endOffset, 20))-\(digits(Int64(controllerEpoch), 10)).snapshot" }
    }

    static let temporarySuffix = ".tmp"

    let directory: String
    let fileSystem: any FileSystem

    /// First offsets, ascending.
    private(set) var journals: [Int64] = []
    /// Oldest first.
    private(set) var snapshots: [SnapshotName] = []
    private(set) var temporaries: [String] = []

    init(directory: String, fileSystem: any FileSystem) throws(FileError) {
        self.directory = directory
        self.fileSystem = fileSystem
        // Sorted names are in the order of their numbers.
        for name in try fileSystem.list(directory) {
            if name.hasSuffix(StoreFiles.temporarySuffix) {
                temporaries.append(name)
            } else if let offset = StoreFiles.number(name, digits: 20, suffix: ".journal") {
                journals.append(offset)
            } else if let snapshot = StoreFiles.snapshot(name) {
                snapshots.append(snapshot)
            }
        }
    }

    static func journalName(_ offset: Int64) -> String { "\(digits(offset, 20)).journal" }

    func path(_ name: String) -> String { directory + "/" + name }

    func read(_ name: String) throws(FileError) -> Buffer {
        let file = try fileSystem.open(path(name), .read)
        let bytes = MutableBuffer(uninitializedCount: Int(clamping: try file.size()))
        let count = try file.read(into: bytes.bytes, at: 0)
        return bytes.freeze(count: count)
    }

    /// Writes a file that is complete or absent after a crash. Throws `disk` if nothing came of it, `stopped` if it is
    /// unknown whether the name survives.
    func create(_ name: String, content: [UInt8]) throws(StoreError) -> any File {
        let temporary = path(name + StoreFiles.temporarySuffix)
        let file: any File
        do {
            file = try fileSystem.open(temporary, .replace)
            try file.writeAll(content, at: 0)
            if !PlantedBug.metadataSnapshotNotSynced.isOn { try file.sync() }
        } catch {
            try? fileSystem.removeFile(temporary)
            throw .disk(error)
        }
        do {
            try fileSystem.rename(temporary, to: path(name))
            if !PlantedBug.metadataNamesNotSynced.isOn { try fileSystem.syncDirectory(directory) }
        } catch {
            throw .stopped(error)
        }
        return file
    }

    private static func snapshot(_ name: String) -> SnapshotName? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let offset = number(String(parts[0]), digits: 20, suffix: ""),
            let epoch = number(String(parts[1]), digits: 10, suffix: ".snapshot"), let epoch = Int32(exactly: epoch)
        else { return nil }
        return SnapshotName(endOffset: offset, controllerEpoch: epoch)
    }

    private static func number(_ name: String, digits: Int, suffix: String) -> Int64? {
        guard name.utf8.count == digits + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        let text = name.dropLast(suffix.count)
        return text.allSatisfy({ ("0"..."9").contains($0) }) ? Int64(text) : nil
    }
}

private func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
}
