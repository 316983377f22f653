import Bytes
import Files
import Records

/// Reads a log file from batch to batch as it stands, whatever is wrong with checksums and offsets.
///
/// The file's length is taken once: what a broker appends meanwhile is left out.
public struct LogFileReader: ~Copyable {
    private let file: any File
    private let end: Int64
    private var buffer: MutableBuffer
    /// What `buffer` holds of the file.
    private var bufferStart: Int64 = 0
    private var bufferCount = 0

    /// Where the next batch begins.
    public private(set) var position: Int64 = 0

    public init(_ path: String, _ fileSystem: any FileSystem) throws(FileError) {
        let file = try fileSystem.open(path, .read)
        end = try file.size()
        self.file = file
        buffer = MutableBuffer(uninitializedCount: 256 << 10)
    }

    /// The next batch, valid until the next call; nil at the end, and where no whole batch begins (`remaining` is above
    /// 0 then).
    public mutating func next() throws(FileError) -> RecordBatchView? {
        guard remaining >= RecordBatchHeader.size else { return nil }
        var bytes = try load(RecordBatchHeader.size)
        guard let header = try? RecordBatchHeader(bytes), header.totalSize <= remaining else { return nil }
        if bytes.count < header.totalSize { bytes = try load(header.totalSize) }
        guard let batch = try? RecordBatchView(bytes) else { return nil }
        position += Int64(header.totalSize)
        return batch
    }

    /// Bytes that no batch took yet.
    public var remaining: Int64 { end - position }

    /// At least `count` bytes from the position on, and all behind them that the buffer holds; fewer where the file ends.
    private mutating func load(_ count: Int) throws(FileError) -> UnsafeRawBufferPointer {
        if position < bufferStart || position + Int64(count) > bufferStart + Int64(bufferCount) {
            if buffer.count < count { buffer = MutableBuffer(uninitializedCount: count) }
            let wanted = Int(min(Int64(buffer.count), remaining))
            bufferCount = 0
            bufferStart = position
            bufferCount = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<wanted]), at: position)
        }
        return UnsafeRawBufferPointer(rebasing: buffer.bytes[Int(position - bufferStart)..<bufferCount])
    }
}
