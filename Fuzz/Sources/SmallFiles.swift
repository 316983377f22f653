import Bytes
import Files
import Records

@testable import LogStorage

/// Indexes, checkpoints and snapshots of producers, each by itself.
enum SmallFiles {
    // MARK: Indexes

    static func runIndex(_ input: inout FuzzInput) {
        switch input.byte() % 3 {
        case 0: lookUp(&input) { (entry: OffsetIndexEntry, bound) in Int64(entry.relativeOffset) <= bound }
        case 1: lookUp(&input) { (entry: TimeIndexEntry, bound) in entry.timestamp <= bound }
        default:
            let bytes = [UInt8](input.rest)
            guard let transactions = AbortedTransaction.decode(bytes) else { return }
            require(AbortedTransaction.encode(transactions) == bytes, "aborted transactions changed")
        }
    }

    /// A look-up finds an entry that satisfies the condition, in whatever order they stand.
    private static func lookUp<Entry: SparseIndexEntry>(
        _ input: inout FuzzInput, _ isBelow: (Entry, Int64) -> Bool
    ) {
        let bounds = [Int64.min, 0, Int64(input.int16()), 1 << 31, .max]
        let directory = SimulatedDirectory("/data")
        directory.write("index", [UInt8](input.rest))
        requireSuccess("the disk fails") {
            let file = try directory.fileSystem.open("/data/index", .read)
            let count = input.rest.count / Entry.size
            let index = SparseIndex<Entry>(storedCount: count, last: nil)
            let entries = try index.entries(in: 0..<count, of: file, .blocking)
            for bound in bounds {
                let found = try index.floor({ file }, .blocking) { isBelow($0, bound) }
                guard let found else { continue }
                require(isBelow(found.entry, bound), "the entry that was found is above the bound")
                require(entries[found.index] == found.entry, "the entry that was found stands elsewhere")
            }
        }
    }

    // MARK: Checkpoints

    static func runCheckpoint(_ input: inout FuzzInput) {
        let choice = input.byte() % 3
        let bytes = [UInt8](input.rest)
        switch choice {
        case 0:
            guard let epochs = LeaderEpochCache.decode(bytes) else { return }
            require(LeaderEpochCache.decode(epochs.encode()) == epochs, "leader epochs changed")
            for entry in epochs.entries {
                _ = (epochs.end(of: entry.epoch, logEndOffset: .max), epochs.epoch(at: entry.startOffset))
            }
        case 1: readOffsets(bytes)
        default: readMetaProperties(bytes)
        }
    }

    private static func readOffsets(_ bytes: [UInt8]) {
        let directory = SimulatedDirectory("/data")
        directory.write(OffsetCheckpoint.recoveryPoint.rawValue, bytes)
        requireSuccess("the disk fails") {
            guard let offsets = try OffsetCheckpoint.recoveryPoint.read(in: "/data", directory.fileSystem) else {
                return
            }
            try OffsetCheckpoint.cleaner.write(offsets, in: "/data", directory.fileSystem, sync: true)
            let again = try OffsetCheckpoint.cleaner.read(in: "/data", directory.fileSystem)
            require(again == offsets, "offsets changed")
        }
    }

    private static func readMetaProperties(_ bytes: [UInt8]) {
        let directory = SimulatedDirectory("/data")
        directory.write("meta.properties", bytes)
        do throws(LogDirectoryError) {
            let opened = try LogDirectory.open(
                "/data", directory.fileSystem, clusterID: nil, nodeID: 1, newID: UUID(high: 1, low: 2))
            require(!opened.isNew && opened.nodeID == 1, "a directory with meta.properties is taken for a new one")
            opened.release()
        } catch .file(let error) {
            fatalError("the disk fails: \(error)")
        } catch {
            _ = error.description
        }
    }

    // MARK: Producers

    static func runProducers(_ input: inout FuzzInput) {
        let choices = input.byte()
        var bytes = [UInt8](input.rest)
        if choices.bit(0), bytes.count > 6 {
            let checksum = bytes.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[6...])) }
            withUnsafeBytes(of: checksum.bigEndian) { bytes.replaceSubrange(2..<6, with: $0) }
        }
        guard let state = bytes.withUnsafeBytes({ ProducerSnapshot.decode($0) }) else { return }
        let encoded = ProducerSnapshot.encode(state)
        let again = encoded.withUnsafeBytes { ProducerSnapshot.decode($0) }
        require(again.map { ProducerSnapshot.encode($0) } == encoded, "producers changed")
    }
}
