import Bytes
import Files
import Records

/// Reads the batches of a segment one after another, as they stand, each with its checksum compared.
struct BatchReader: ~Copyable {
    private let file: any File
    private let segment: Int64
    private let end: Int64
    /// Where the last batch ends.
    private let endOffset: Int64
    private let bufferSize: Int
    private var buffer: MutableBuffer
    /// What `buffer` holds of the file.
    private var bufferStart: Int64 = 0
    private var bufferCount = 0
    private var expectedOffset: Int64

    /// Where the next batch begins.
    private(set) var position: Int64 = 0
    /// Bytes that were read from the file.
    private(set) var bytesRead = 0

    init(_ segment: inout Segment, _ place: LogPlace, bufferSize: Int) throws(CompactionError) {
        do {
            file = try segment.openLog(place)
        } catch .file(let error) {
            throw .file(error)
        } catch {
            throw .file(place.unreadable)
        }
        self.segment = segment.baseOffset
        end = segment.writtenSize
        endOffset = segment.nextOffset
        self.bufferSize = max(bufferSize, RecordBatchHeader.size)
        buffer = MutableBuffer(uninitializedCount: self.bufferSize)
        expectedOffset = segment.baseOffset
    }

    var isAtEnd: Bool { position >= end }

    /// The next batch, valid until the next call; nil at the end.
    mutating func next() throws(CompactionError) -> RecordBatchView? {
        let corrupt = CompactionError.corrupt(segment: segment, position: position)
        guard position < end else {
            guard expectedOffset == endOffset else { throw corrupt }
            return nil
        }
        var bytes = try load(RecordBatchHeader.size)
        guard let header = RecordBatchHeader(plausible: bytes), header.baseOffset >= expectedOffset,
            header.nextOffset <= endOffset, Int64(header.totalSize) <= end - position
        else { throw corrupt }
        if bytes.count < header.totalSize { bytes = try load(header.totalSize) }
        guard let batch = try? RecordBatchView(bytes), batch.isChecksumValid else { throw corrupt }
        position += Int64(header.totalSize)
        expectedOffset = header.nextOffset
        return batch
    }

    /// At least `count` bytes from the position on, and all behind them that the buffer holds; fewer where the file ends.
    private mutating func load(_ count: Int) throws(CompactionError) -> UnsafeRawBufferPointer {
        if position < bufferStart || position + Int64(count) > bufferStart + Int64(bufferCount) {
            let size = max(bufferSize, count)
            if buffer.count != size { buffer = MutableBuffer(uninitializedCount: size) }
            let wanted = Int(min(Int64(size), end - position))
            bufferCount = 0
            do {
                bufferCount = try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<wanted]), at: position)
            } catch {
                throw .file(error)
            }
            bufferStart = position
            bytesRead += bufferCount
        }
        return UnsafeRawBufferPointer(rebasing: buffer.bytes[Int(position - bufferStart)..<bufferCount])
    }
}
