import Bytes
import Files

/// Bytes of whole batches, all of them checked, that may be sent as they are.
public struct LogRead: Sendable {
    public var segment: SegmentRef
    /// Where in the segment's file they begin.
    public var position: Int64
    public var count: Int
    /// No record behind the bytes has a lower offset.
    public var nextOffset: Int64
}

extension LogRead {
    /// Of so many bytes, the last is looked at.
    private static let probeInterval: Int64 = 256 << 10

    /// Whether the page cache has it, as far as some probes tell. Does not wait for the disk.
    public func isCached() throws(FileError) -> Bool {
        let last = position + Int64(count) - 1
        var probe = min(position + LogRead.probeInterval, last)
        while true {
            guard try LogRead.isCached(probe, of: segment.file) else { return false }
            if probe >= last { return true }
            probe = min(probe + LogRead.probeInterval, last)
        }
    }

    private static func isCached(_ position: Int64, of file: any File) throws(FileError) -> Bool {
        try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { byte throws(FileError) in
            try file.readCached(into: byte, at: position) != nil
        }
    }

    /// Brings it into the page cache. Blocks.
    public func load() throws(FileError) {
        let window = MutableBuffer(uninitializedCount: min(count, BatchWalker.contentWindow))
        var done = 0
        while done < count {
            let part = UnsafeMutableRawBufferPointer(rebasing: window.bytes[..<min(window.count, count - done)])
            let read = try segment.file.read(into: part, at: position + Int64(done))
            guard read > 0 else { return }
            done += read
        }
    }
}

/// A segment's file, which stays open, and readable, for as long as somebody holds this.
public struct SegmentRef: Sendable {
    public let file: any File
    public let baseOffset: Int64
}

public enum LogReadOutcome: Sendable {
    case bytes(LogRead)
    /// No batch lies between the offset and the bound, or the first one is larger than wanted.
    case empty
    /// The offset lies before the log's start or past its end.
    case offsetOutOfRange
    /// These offsets are lost to damage on the disk; those before and behind can be read.
    case corrupt(Range<Int64>)
}

/// The answer to a question that may need the disk.
public enum Consulted<Value: Sendable>: Sendable {
    case answer(Value)
    /// The disk would have to be waited for: run the job on the blocking pool, then give its result to `Log.finish`.
    case needsDisk(LogJob<Value>)
    case failed(FileError)
}

/// A question to a log that waits for the disk. It has its own view of the log and may run on any thread.
public struct LogJob<Value: Sendable>: Sendable {
    typealias Query = @Sendable (inout SegmentSet, ReadMode) throws(ReadFailure) -> Value

    let segments: SegmentSet
    let query: Query
    let generation: UInt64

    /// Blocks until the disk has answered.
    public func run() -> LogJobResult<Value> {
        var segments = segments
        do {
            let value = try query(&segments, .blocking)
            return LogJobResult(job: self, segments: segments, outcome: .success(value))
        } catch .file(let error) {
            return LogJobResult(job: self, segments: segments, outcome: .failure(error))
        } catch {
            // A blocking read settles everything else by itself.
            return LogJobResult(job: self, segments: segments, outcome: .failure(segments.place.unreadable))
        }
    }
}

/// What a `LogJob` found, for `Log.finish`.
public struct LogJobResult<Value: Sendable>: Sendable {
    let job: LogJob<Value>
    let segments: SegmentSet
    let outcome: Result<Value, FileError>
}

extension Log {
    /// Plans a read of whole batches from the one that holds `offset` on, out of one segment.
    ///
    /// - Parameters:
    ///   - maximumBytes: the most that is returned, but for the first batch when `atLeastOneBatch`.
    ///   - upTo: the offset at which readers of this kind have to stop (high watermark, last stable offset, log end).
    public func read(
        from offset: Int64, maximumBytes: Int, upTo: Int64, atLeastOneBatch: Bool = true
    ) -> Consulted<LogReadOutcome> {
        guard offset >= logStartOffset, offset <= logEndOffset else { return .answer(.offsetOutOfRange) }
        let request = ReadRequest(
            offset: offset, maximumBytes: max(maximumBytes, 0), upTo: min(upTo, writtenOffset),
            atLeastOneBatch: atLeastOneBatch, epochs: epochs)
        if request.offset >= request.upTo { return .answer(.empty) }
        return consult { (segments, mode) throws(ReadFailure) in try segments.read(request, mode) }
    }

    /// Whether it was written so lately that the page cache is sure to have it.
    public func isRecent(_ read: LogRead) -> Bool {
        read.segment.baseOffset == segments.active.baseOffset
            && segments.active.writtenSize - read.position <= Log.recentBytes
    }

    private static let recentBytes: Int64 = 8 << 20

    /// Takes back the result of a job. It may ask for another one, when the log was cut meanwhile.
    public func finish<Value>(_ result: LogJobResult<Value>) -> Consulted<Value> {
        guard result.job.generation == generation else { return consult(result.job.query) }
        segments.absorb(result.segments)
        switch result.outcome {
        case .success(let value): return .answer(value)
        case .failure(let error): return .failed(error)
        }
    }

    func consult<Value>(_ query: @escaping LogJob<Value>.Query) -> Consulted<Value> {
        do {
            return .answer(try query(&segments, .cached))
        } catch .file(let error) {
            return .failed(error)
        } catch {
            return .needsDisk(LogJob(segments: segments, query: query, generation: generation))
        }
    }
}

extension SegmentSet {
    mutating func read(_ request: ReadRequest, _ mode: ReadMode) throws(ReadFailure) -> LogReadOutcome {
        // The segment may have been deleted since the question was asked.
        guard request.offset >= segments[0].baseOffset else { return .offsetOutOfRange }
        var index = index(containing: request.offset)
        while index < segments.count, segments[index].baseOffset < request.upTo || index == 0 {
            if segments[index].writtenSize == 0, segments[index].damage.isEmpty {
                index += 1
                continue
            }
            switch try segments[index].read(request, hints: hints, place, mode) {
            case .none: index += 1
            case .tooLarge: return .empty
            case .damaged(let offsets): return .corrupt(offsets)
            case .bytes(let range, let nextOffset):
                let base = segments[index].baseOffset
                hints.insert(nextOffset, in: base, at: range.upperBound)
                let file = try segments[index].openLog(place)
                return .bytes(
                    LogRead(
                        segment: SegmentRef(file: file, baseOffset: base), position: range.lowerBound,
                        count: Int(range.upperBound - range.lowerBound), nextOffset: nextOffset))
            }
        }
        return .empty
    }
}
