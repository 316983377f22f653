import EmbeddedStore
import Files
import Glibc

let directory = "/data/metadata"

func record(_ text: String, type: UInt16 = 1) -> EncodedRecord {
    EncodedRecord(type: type, version: 0, payload: Array(text.utf8))
}

func newDisk(seed: UInt64 = 1) throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem(seed: seed)
    try disk.createDirectory("/data")
    try disk.syncDirectory("/")
    return disk
}

func open(_ disk: any FileSystem, now: Int64 = 0) throws(StoreError) -> (store: EmbeddedStore, contents: StoreContents)
{
    let store = try EmbeddedStore.open(directory, on: disk, now: now)
    return (store, store.contents)
}

extension EmbeddedStore {
    /// Writes a snapshot of all that was appended.
    func snapshot(_ records: [EncodedRecord], now: Int64) throws(StoreError) {
        try write(Snapshot(endOffset: endOffset, controllerEpoch: controllerEpoch, time: now, records: records))
    }
}

extension StoreContents {
    /// All records, where each snapshot was written with all records that there were.
    var records: [EncodedRecord] { (snapshot?.records ?? []) + batches.flatMap(\.records) }
}

extension FileSystem {
    func content(_ path: String) throws -> [UInt8] {
        let file = try open(path, .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return bytes
    }

    func replace(_ path: String, with bytes: [UInt8]) throws {
        try open(path, .replace).writeAll(bytes, at: 0)
    }

    /// The names and contents of the store's files.
    func storeFiles() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try list(directory) { files[name] = try content(directory + "/" + name) }
        return files
    }
}

/// A disk with just these files.
func newDisk(holding files: [String: [UInt8]]) throws -> SimulatedFileSystem {
    let disk = try newDisk()
    try disk.createDirectory(directory)
    for (name, content) in files { try disk.replace(directory + "/" + name, with: content) }
    try disk.volume(of: "/").sync()
    return disk
}

/// Where random tests start: `MARTLET_SEED`, else another each time.
let testSeed: UInt64 = {
    if let text = getenv("MARTLET_SEED"), let seed = UInt64(String(cString: text)) { return seed }
    return UInt64.random(in: 0..<1_000_000)
}()
