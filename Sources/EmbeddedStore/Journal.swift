import Bytes
import Files

/// The journal file that is appended to.
struct Journal {
    private let file: any File
    /// Where the next frame goes: the end of what is acknowledged.
    private(set) var size: Int64

    /// The journal that a scan found intact up to the end of its last frame. What lies behind is cut, and the last frame
    /// is written again: after a sync that failed it may be in the page cache only, where no later sync looks for it.
    init(reopening path: String, scan: JournalScan, bytes: UnsafeRawBufferPointer, on fileSystem: any FileSystem)
        throws(FileError)
    {
        file = try fileSystem.open(path, .readWrite)
        size = Int64(scan.lastFrame.upperBound)
        if scan.tail != .none { try file.truncate(to: size) }
        try file.writeAll(
            [UnsafeRawBufferPointer(rebasing: bytes[scan.lastFrame])], at: Int64(scan.lastFrame.lowerBound))
        try file.sync()
    }

    /// An empty journal, whose name is durable.
    init(creating header: FileHeader, in files: StoreFiles) throws(StoreError) {
        var writer = ByteWriter(capacity: FileHeader.size)
        header.encode(into: &writer)
        size = Int64(writer.count)
        file = try files.create(StoreFiles.journalName(header.offset), content: writer.bytes)
    }

    /// Appends a batch and makes it durable. Throws `disk` if the journal is as before, `stopped` if that is unknown.
    mutating func append(_ batch: JournalBatch) throws(StoreError) {
        var writer = ByteWriter(capacity: 1024)
        try Frame.encode(batch, into: &writer)
        do {
            try writer.withUnsafeBytes { (bytes) throws(FileError) in try file.writeAll([bytes], at: size) }
        } catch {
            guard error.isOutOfSpace else { throw .stopped(error) }
            try takeBack(after: error)
        }
        do { if !PlantedBug.journalNotSynced.isOn { try file.sync() } } catch { throw .stopped(error) }
        size += Int64(writer.count)
    }

    /// Cuts off what was written of a frame. The cut is synced, so that no later frame stands among its remains.
    private func takeBack(after error: FileError) throws(StoreError) -> Never {
        do {
            try file.truncate(to: size)
            try file.sync()
        } catch {
            throw .stopped(error)
        }
        throw .disk(error)
    }
}
