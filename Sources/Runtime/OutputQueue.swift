import Bytes
import Collections
import Glibc

/// A write buffer that connections borrow from their shard while they have something to say.
@usableFromInline
final class OutputBuffer {
    @usableFromInline var writer = ByteWriter(capacity: 4_096)

    @inlinable init() {}

    /// Whether it is worth keeping for others, who mostly need less.
    var isSmall: Bool { writer.capacity <= 512 << 10 }
}

/// A range of an open file. `owner` keeps the descriptor open.
struct FileRange {
    let owner: AnyObject
    let descriptor: Int32
    var position: Int64
    var count: Int
}

/// What a connection has not yet put on its socket, in order: bytes written into its output buffer, slices of shared
/// buffers, ranges of files.
struct OutputQueue {
    enum Item {
        /// The next so many bytes of the output buffer.
        case written(Int)
        case slice(Slice)
        case file(FileRange)
    }

    enum Step {
        case drained
        /// The socket takes no more.
        case blocked(TransportResult)
        /// The socket would take more, but others want their turn.
        case yielded
        case failed(Int32)
        /// A file ended before the range that was promised from it.
        case fileEnded
    }

    /// Bytes that one connection may put out before the next has its turn.
    private static let allowance = 4 << 20
    private static let maximumPieces = 64

    var buffer: OutputBuffer?
    /// Bytes of the output buffer that are on the socket already.
    private var sent = 0
    /// Bytes of the output buffer, from its start, that `items` speak of; what follows comes after all items.
    private var itemised = 0
    private var items = Deque<Item>()
    /// Bytes of slices that wait.
    private var sliceBytes = 0
    /// Bytes of files that wait.
    private var fileBytes = 0

    private var writtenBytes: Int { (buffer?.writer.count ?? 0) - sent }
    /// Everything that waits.
    var pendingBytes: Int { writtenBytes + sliceBytes + fileBytes }
    /// The memory of what waits: the output buffer, full or not, and slices.
    var memoryBytes: Int { (buffer?.writer.capacity ?? 0) + sliceBytes }
    var isEmpty: Bool { pendingBytes == 0 }

    private mutating func itemiseWritten() {
        let written = buffer?.writer.count ?? 0
        if written > itemised {
            items.append(.written(written - itemised))
            itemised = written
        }
    }

    mutating func append(_ slice: Slice) {
        guard slice.count > 0 else { return }
        itemiseWritten()
        items.append(.slice(slice))
        sliceBytes += slice.count
    }

    mutating func append(_ file: FileRange) {
        guard file.count > 0 else { return }
        itemiseWritten()
        items.append(.file(file))
        fileBytes += file.count
    }

    /// Forgets everything; the output buffer, if there is one, is left empty.
    mutating func removeAll() {
        items.removeAll()
        (sliceBytes, fileBytes) = (0, 0)
        forgetSent()
    }

    private mutating func forgetSent() {
        buffer?.writer.truncate(to: 0)
        (sent, itemised) = (0, 0)
    }

    // MARK: - Sending

    /// Puts out as much as the socket takes. `pieces` is room for `maximumPieces` vectors.
    mutating func flush(
        _ transport: Transport, _ descriptor: Int32, _ pieces: UnsafeMutablePointer<iovec>,
        _ statistics: inout ShardStatistics
    ) -> Step {
        var allowance = OutputQueue.allowance
        while true {
            if items.isEmpty, writtenBytes == 0 {
                forgetSent()
                return .drained
            }
            if allowance <= 0 { return .yielded }
            let result: TransportResult
            let wanted: Int
            if items.isEmpty {
                wanted = pointAtWritten(pieces)
                result = transport.write(descriptor, pieces, 1, more: false)
                statistics.writes += 1
            } else if case .file(let range)? = items.first, transport.allowsSendFile {
                wanted = min(range.count, allowance)
                result = sendFile(range, wanted, descriptor)
                statistics.fileWrites += 1
            } else {
                if case .file(let range)? = items.first, let step = loadFile(range) { return step }
                let limit = transport.allowsSendFile ? OutputQueue.maximumPieces : 1
                let (count, bytes, isFileNext) = gather(pieces, limit: limit)
                wanted = bytes
                result = transport.write(descriptor, pieces, count, more: isFileNext)
                statistics.writes += 1
            }
            switch result {
            case .bytes(let moved):
                statistics.bytesSent += moved
                allowance -= moved
                let isFile = consume(moved)
                // A short write says that the socket is full; a short sendfile may have other reasons.
                if moved < wanted, !isFile { return .blocked(.wantsOutput) }
            case .wantsInput, .wantsOutput: return .blocked(result)
            case .ended: return .fileEnded
            case .failed(let code): return .failed(code)
            }
        }
    }

    /// Points at what was written and not sent, when there is nothing else; its size.
    private func pointAtWritten(_ pieces: UnsafeMutablePointer<iovec>) -> Int {
        guard let buffer else { return 0 }
        return buffer.writer.withUnsafeBytes { bytes in
            let rest = bytes.count - sent
            pieces[0] = iovec(
                iov_base: bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + sent) }, iov_len: rest)
            return rest
        }
    }

    private func sendFile(_ range: FileRange, _ count: Int, _ descriptor: Int32) -> TransportResult {
        var position = off_t(range.position)
        while true {
            let moved = sendfile(descriptor, range.descriptor, &position, count)
            if moved > 0 { return .bytes(moved) }
            if moved == 0 { return .ended }
            if errno == EAGAIN { return .wantsOutput }
            if errno != EINTR { return .failed(errno) }
        }
    }

    /// Replaces the beginning of the file range that stands first by its bytes, for a transport that must see them.
    private mutating func loadFile(_ range: FileRange) -> Step? {
        let chunk = MutableBuffer(uninitializedCount: min(range.count, 64 << 10))
        var read = -1
        repeat {
            read = pread(range.descriptor, chunk.bytes.baseAddress, chunk.count, off_t(range.position))
        } while read < 0 && errno == EINTR
        guard read > 0 else { return read == 0 ? .fileEnded : .failed(errno) }
        _ = items.popFirst()
        if read < range.count {
            var rest = range
            rest.position += Int64(read)
            rest.count -= read
            items.prepend(.file(rest))
        }
        items.prepend(.slice(chunk.freeze(count: read).all))
        fileBytes -= read
        sliceBytes += read
        return nil
    }

    /// Points `pieces` at what comes next, up to a file.
    private func gather(
        _ pieces: UnsafeMutablePointer<iovec>, limit: Int
    ) -> (count: Int, bytes: Int, isFileNext: Bool) {
        var count = 0
        var bytes = 0
        var position = sent
        let written = buffer?.writer.withUnsafeBytes { $0.baseAddress }
        func point(at start: UnsafeRawPointer?, _ length: Int) {
            pieces[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: length)
            count += 1
            bytes += length
        }
        for item in items {
            guard count < limit else { return (count, bytes, false) }
            switch item {
            case .written(let length):
                point(at: written.map { $0 + position }, length)
                position += length
            case .slice(let slice):
                // The queue holds the slice, hence its memory, until these bytes are sent.
                slice.withUnsafeBytes { point(at: $0.baseAddress, $0.count) }
            case .file:
                return (count, bytes, true)
            }
        }
        let rest = (buffer?.writer.count ?? 0) - position
        if rest > 0, count < limit { point(at: written.map { $0 + position }, rest) }
        return (count, bytes, false)
    }

    /// Takes `count` sent bytes off the front; whether they came from a file.
    private mutating func consume(_ count: Int) -> Bool {
        var count = count
        while count > 0, !items.isEmpty, let item = items.first {
            switch item {
            case .written(let length):
                let taken = min(length, count)
                sent += taken
                count -= taken
                replaceFirst(taken == length ? nil : .written(length - taken))
            case .slice(let slice):
                let taken = min(slice.count, count)
                sliceBytes -= taken
                count -= taken
                let rest = Slice(buffer: slice.buffer, offset: slice.offset + taken, count: slice.count - taken)
                replaceFirst(rest.count == 0 ? nil : .slice(rest))
            case .file(var range):
                range.position += Int64(count)
                range.count -= count
                fileBytes -= count
                replaceFirst(range.count == 0 ? nil : .file(range))
                return true
            }
        }
        sent += count
        itemised = max(itemised, sent)
        return false
    }

    private mutating func replaceFirst(_ item: Item?) {
        if let item { items[0] = item } else { _ = items.popFirst() }
    }

    /// Moves what waits in the output buffer to its start when most of it is sent already, so that a connection which
    /// never quite drains does not grow its buffer without end.
    mutating func compact() {
        guard let buffer, sent >= 64 << 10, sent >= buffer.writer.count / 2 else { return }
        let rest = buffer.writer.count - sent
        buffer.writer.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            memmove(base, base + sent, rest)
        }
        buffer.writer.truncate(to: rest)
        itemised -= sent
        sent = 0
    }
}
