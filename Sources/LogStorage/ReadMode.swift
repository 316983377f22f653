import Files

/// Whether a read may wait for the disk.
enum ReadMode: Sendable {
    /// On a shard: only what is in memory.
    case cached
    /// On the blocking pool.
    case blocking
}

/// Why a segment could not answer.
enum ReadFailure: Error, Equatable {
    /// Only a blocking read can tell.
    case needsDisk
    case file(FileError)
    /// At this position no good batch begins; the next one should have had `expectedOffset` or a later one.
    case damaged(position: Int64, expectedOffset: Int64)
    /// An index does not fit its log.
    case badIndex
}

extension File {
    /// Reads until the buffer is full or the file ends.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, at position: Int64, _ mode: ReadMode
    ) throws(ReadFailure) -> Int {
        let count: Int?
        do {
            switch mode {
            case .blocking: count = try read(into: buffer, at: position)
            case .cached: count = try readCached(into: buffer, at: position)
            }
        } catch {
            throw .file(error)
        }
        guard let count else { throw .needsDisk }
        return count
    }
}
