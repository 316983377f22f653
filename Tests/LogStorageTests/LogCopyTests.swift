import Bytes
import Files
import Simulator
import Testing

@testable import LogStorage

@Suite struct LogCopyTests {
    private let directory: TemporaryDirectory
    private let source: LogHarness
    private var future: String { "\(directory.path)/t-0.x-future" }

    init() throws {
        directory = try TemporaryDirectory()
        var configuration = LogConfiguration()
        configuration.segmentBytes = 2_000
        source = try LogHarness(RealFileSystem(), "\(directory.path)/t-0", configuration: configuration)
    }

    private func append(_ count: Int) throws {
        for _ in 0..<count { try source.append(Batch(count: 3, valueSize: 100)) }
    }

    /// The copy, opened as after a clean stop.
    private func opened() throws -> LogHarness {
        let copy = try LogHarness(RealFileSystem(), future, configuration: source.configuration)
        try copy.reopen(
            closing: false, recoveryPoint: source.log.logEndOffset, logStartOffset: source.log.logStartOffset)
        return copy
    }

    private func contents(_ log: LogHarness) throws -> [UInt8] {
        var (bytes, offset): ([UInt8], Int64) = ([], log.log.logStartOffset)
        while offset < log.log.logEndOffset {
            let more = try log.bytes(from: offset)
            bytes += more
            offset = try #require(log.offsets(from: offset, maximumBytes: more.count).last).upperBound + 1
        }
        return bytes
    }

    @Test func whatIsAppendedBetweenPassesIsInTheCopy() throws {
        var copy = LogCopy(of: source.directory, to: future, source.fileSystem)
        var passed: Int64 = 0
        for round in 1...6 {
            try append(round)
            passed += try copy.pass(to: source.log.copyPosition)
        }
        #expect(passed >= source.log.size)
        #expect(copy.bytes == passed)
        try append(2)
        _ = try source.log.close()?.perform()
        try copy.finish()
        let copied = try opened()
        #expect(copied.log.logEndOffset == source.log.logEndOffset)
        #expect(copied.log.segmentCount == source.log.segmentCount)
        #expect(source.log.segmentCount > 3)
        #expect(try contents(copied) == contents(source))
        #expect(copied.events.allSatisfy { $0.level == .info })
        #expect(try source.fileSystem.list(source.directory) == source.fileSystem.list(future))
    }

    @Test func aCopyMayBeginWithTheLogClosed() throws {
        try append(9)
        _ = try source.log.close()?.perform()
        var copy = LogCopy(of: source.directory, to: future, source.fileSystem)
        try copy.finish()
        #expect(try contents(opened()) == contents(source))
    }

    /// Pieces of any size add up to the same, also while segments are sealed in between.
    @Test(arguments: [Int64(7), 333, 1_500]) func aPassMayBeCutShort(limit: Int64) throws {
        var copy = LogCopy(of: source.directory, to: future, source.fileSystem)
        var pieces = 0
        for round in 1...3 {
            try append(round * 2)
            repeat {
                let count = try copy.pass(to: source.log.copyPosition, atMost: limit)
                #expect(count <= limit)
                pieces += 1
                if pieces % 50 == 49, pieces < 300 { try append(1) }
            } while !copy.isCaughtUp
        }
        #expect(pieces > 3)
        _ = try source.log.close()?.perform()
        try copy.finish()
        #expect(try contents(opened()) == contents(source))
    }

    /// A pass goes as far as it was told: what lies behind may be taken back by a failed write.
    @Test func bytesBehindThePositionAreLeftOut() throws {
        try append(2)
        let position = source.log.copyPosition
        try append(2)
        var copy = LogCopy(of: source.directory, to: future, source.fileSystem)
        #expect(try copy.pass(to: position) == position.activeBytes)
    }

    @Test func aSegmentThatWasReplacedIsCopiedAgainAndOneThatIsGoneIsDropped() throws {
        try append(12)
        var copy = LogCopy(of: source.directory, to: future, source.fileSystem)
        _ = try copy.pass(to: source.log.copyPosition)
        let names = try source.fileSystem.list(source.directory).filter { $0.hasSuffix(".log") }
        #expect(names.count > 2)
        try source.fileSystem.removeFile("\(source.directory)/\(names[0])")
        let replaced = "\(source.directory)/\(names[1])"
        let size = try source.fileSystem.open(replaced, .read).size()
        let other = try source.fileSystem.open("\(replaced).new", .replace)
        try other.writeAll([UInt8](repeating: 7, count: Int(size) - 1), at: 0)
        try source.fileSystem.rename("\(replaced).new", to: replaced)
        _ = try source.log.close()?.perform()
        try copy.finish()
        #expect(try source.fileSystem.status("\(future)/\(names[0])") == nil)
        #expect(try source.fileSystem.readAll("\(future)/\(names[1])") == [UInt8](repeating: 7, count: Int(size) - 1))
    }

    @Test func anAbandonedCopyIsGone() throws {
        try append(2)
        var copy = LogCopy(of: source.directory, to: future, source.fileSystem)
        _ = try copy.pass(to: source.log.copyPosition)
        try copy.abandon()
        #expect(try source.fileSystem.status(future) == nil)
        try copy.abandon()
    }
}
