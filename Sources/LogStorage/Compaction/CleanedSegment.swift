import Bytes
import Files
import Records

/// Writes the segment that takes the place of a group of others, under its `.cleaned` name.
struct CleanedSegment: ~Copyable {
    private(set) var segment: Segment
    private let place: LogPlace
    private let indexInterval: Int
    private let file: any File
    private let bufferSize: Int
    private var buffer: ByteWriter
    private var unsynced = 0

    /// Bytes after which what was written is synced: little by little, so that a producer's sync never waits for all of it.
    private static let syncInterval = 8 << 20

    init(
        baseOffset: Int64, createdAt: Int64, _ place: LogPlace, indexInterval: Int, bufferSize: Int
    ) throws(FileError) {
        segment = Segment(baseOffset: baseOffset, createdAt: createdAt)
        self.place = place
        self.indexInterval = indexInterval
        self.bufferSize = bufferSize
        buffer = ByteWriter(capacity: bufferSize)
        file = try place.fileSystem.open(place.path(baseOffset, .log, LogFiles.cleanedSuffix), .replace)
    }

    /// Appends a whole batch, which has `header`.
    mutating func append(_ batch: UnsafeRawBufferPointer, _ header: RecordBatchHeader) throws(CompactionError) {
        guard segment.size + Int64(batch.count) <= Int64(Int32.max) else {
            throw .outgrown(segment: segment.baseOffset)
        }
        segment.add(header, at: segment.size, indexInterval: indexInterval)
        do {
            if buffer.count + batch.count > bufferSize { try flush() }
            if batch.count >= bufferSize { try write(batch) } else { buffer.write(batch) }
        } catch {
            throw .file(error)
        }
    }

    /// Appends a batch that has no records.
    mutating func append(_ header: RecordBatchHeader) throws(CompactionError) {
        try withUnsafeTemporaryAllocation(byteCount: RecordBatchHeader.size, alignment: 8) {
            (bytes) throws(CompactionError) in
            header.store(in: bytes)
            try append(UnsafeRawBufferPointer(bytes), header)
        }
    }

    mutating func keep(_ transaction: AbortedTransaction) { segment.abortedTransactions.append(transaction) }

    private mutating func flush() throws(FileError) {
        guard buffer.count > 0 else { return }
        try file.writeAll([buffer.withUnsafeBytes { $0 }], at: segment.writtenSize)
        noteWritten(buffer.count)
        buffer.truncate(to: 0)
        if unsynced >= CleanedSegment.syncInterval {
            try file.sync()
            unsynced = 0
        }
    }

    private mutating func write(_ batch: UnsafeRawBufferPointer) throws(FileError) {
        try file.writeAll([batch], at: segment.writtenSize)
        noteWritten(batch.count)
    }

    private mutating func noteWritten(_ count: Int) {
        segment.writtenSize += Int64(count)
        unsynced += count
    }

    /// Everything is written and durable, but for the names.
    ///
    /// - Parameter nextOffset: where the segment behind it begins.
    consuming func finish(nextOffset: Int64, replacing replaced: [Int64]) throws(FileError) -> SegmentReplacement {
        try flush()
        segment.addTimeIndexEntry()
        if !PlantedBug.cleanedSegmentNotSynced.isOn { try file.sync() }
        for write in segment.indexWrites(place) {
            let cleaned = IndexWrite(
                path: write.path + LogFiles.cleanedSuffix, position: write.position, bytes: write.bytes)
            let index = try place.fileSystem.open(cleaned.path, .replace)
            try cleaned.perform(on: index)
            try index.sync()
            if write.path == place.path(segment.baseOffset, .offsetIndex) { segment.offsetIndexFile = index }
            if write.path == place.path(segment.baseOffset, .timeIndex) { segment.timeIndexFile = index }
        }
        segment.offsetIndex.stored(segment.offsetIndex.pending.count)
        segment.timeIndex.stored(segment.timeIndex.pending.count)
        segment.storedAbortedTransactions = segment.abortedTransactions.count
        segment.nextOffset = nextOffset
        segment.allocatedSize = segment.writtenSize
        segment.log = file
        segment.exists = true
        segment.isSealed = true
        segment.isBeingNamed = true
        return SegmentReplacement(segment: segment, replaced: replaced, place: place)
    }
}
