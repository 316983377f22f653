import Foundation
import MartletTesting
import Testing

/// The files of a broker, read by the program.
struct LogCommandTests {
    private let broker: TestBroker
    private var partition: String { "\(broker.directory)/orders-0" }
    private var log: String { "\(partition)/00000000000000000000.log" }

    init() throws {
        broker = try TestBroker(settings: ["log.index.interval.bytes": "1000"])
        #expect(try Program.run(["topic", "create", "orders", "--bootstrap", broker.bootstrap]).status == 0)
    }

    private func produce(_ lines: [String], _ options: String...) throws {
        let outcome = try Program.run(
            ["produce", "orders", "--bootstrap", broker.bootstrap] + options,
            input: lines.joined(separator: "\n") + "\n")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    /// Enough batches for indexes with entries.
    private func produceMany() throws {
        for round in 0..<5 { try produce((0..<200).map { "line \(round) \($0)" }) }
    }

    /// Changes a byte of a file.
    private func flip(_ path: String, at position: Int) throws {
        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        content[position] ^= 0x10
        try content.write(to: URL(fileURLWithPath: path))
    }

    @Test func nothingIsWrongBesideARunningBroker() throws {
        try produceMany()
        let verified = try Program.run(["log", "verify", broker.directory])
        #expect(verified.status == 0, "\(verified.output)")
        #expect(verified.output.hasPrefix("1 partition, 1 segment, 5 batches, "))
        #expect(verified.output.hasSuffix(": no damage\n"))
        #expect(try Program.run(["log", "verify", partition]).output == verified.output)
        try produce(["the broker goes on"])
    }

    @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
    func batchesAndRecordsAreShown(codec: String) throws {
        try produce(
            ["a\tone", "b\tNULL"], "-K", "\\t", "--null", "NULL", "-H", "h=1", "-z", codec, "--timestamp",
            "1970-01-01T00:00:00.005Z")
        let batches = try Program.run(["log", "dump", partition])
        #expect(batches.status == 0, "\(batches.errors)")
        #expect(batches.output.hasPrefix("\(log)\noffsets 0-1, at 0, "))
        #expect(batches.output.contains(" 2 records, 1970-01-01T00:00:00.005Z, \(codec), leader epoch 0"))
        let records = try Program.run(["log", "dump", "--records", log])
        #expect(
            records.output.hasSuffix(
                """

                  0 1970-01-01T00:00:00.005Z key="a" value="one" "h"="1"
                  1 1970-01-01T00:00:00.005Z key="b" value=null "h"="1"

                """))
    }

    @Test func aDamagedBatchIsNamedAndTheRestIsRead() throws {
        try produceMany()
        broker.stop(keepingData: true)
        defer { try? FileManager.default.removeItem(atPath: broker.directory) }
        try flip(log, at: 100)
        let verified = try Program.run(["log", "verify", broker.directory])
        #expect(verified.status == 1)
        #expect(verified.output.contains("\(log):0: the checksum of the batch with offsets 0 to 199 is wrong\n"))
        #expect(verified.output.contains("5 batches, ") && verified.output.hasSuffix(": 1 damaged place\n"))
        let dumped = try Program.run(["log", "dump", "--records", log])
        #expect(dumped.status == 1 && dumped.output.contains("CHECKSUM WRONG"))
        #expect(dumped.output.contains("value=\"line 4 199\"") && !dumped.output.contains("value=\"line 0 0\""))
    }

    @Test func aHeaderThatIsNoneIsSteppedOver() throws {
        try produceMany()
        broker.stop(keepingData: true)
        defer { try? FileManager.default.removeItem(atPath: broker.directory) }
        try flip(log, at: 16)
        let verified = try Program.run(["log", "verify", broker.directory])
        #expect(verified.status == 1)
        #expect(verified.output.contains("\(log):0: no whole batch begins here; offset 0 or a later one"))
        #expect(verified.output.contains(" 4 batches, "))
        let dumped = try Program.run(["log", "dump", log])
        #expect(dumped.status == 1 && dumped.errors.contains("\(log):0: no whole batch begins here"))
    }

    @Test(arguments: [
        ("index", 7, "where an entry points"), ("index", 3, "an entry says"), ("timeindex", 7, "an entry says time"),
        ("timeindex", 11, "which an entry names"),
    ])
    func anIndexThatDoesNotFitIsFound(kind: String, position: Int, words: String) throws {
        try produceMany()
        broker.stop(keepingData: true)
        defer { try? FileManager.default.removeItem(atPath: broker.directory) }
        let index = "\(partition)/00000000000000000000.\(kind)"
        #expect(try Data(contentsOf: URL(fileURLWithPath: index)).count > position)
        try flip(index, at: position)
        let verified = try Program.run(["log", "verify", partition])
        #expect(verified.status == 1)
        #expect(verified.output.contains("\(index):0: ") && verified.output.contains(words), "\(verified.output)")
    }

    @Test func aTornTailIsFound() throws {
        try produceMany()
        broker.stop(keepingData: true)
        defer { try? FileManager.default.removeItem(atPath: broker.directory) }
        let handle = try #require(FileHandle(forUpdatingAtPath: log))
        try handle.truncate(atOffset: try handle.seekToEnd() - 1)
        let verified = try Program.run(["log", "verify", partition])
        #expect(verified.status == 1)
        #expect(
            verified.output.contains("offset 800 or a later one") && verified.output.contains("to the end of the file"))
    }

    @Test func aDirectoryOfSomethingElseIsNoSoundLog() throws {
        #expect(try Program.run(["log", "verify", broker.directory]).output.hasPrefix("1 partition, 0 segments"))
        #expect(try Program.run(["log", "verify", partition]).output.hasPrefix("1 partition, 0 segments"))
        let other = try Program.run(["log", "verify", "\(broker.directory)/metadata"])
        #expect(other.status == 1 && other.output.isEmpty)
        #expect(other.errors.contains("/metadata is no log directory, and none of a partition"))
    }

    @Test func whatIsNotThereIsSaid() throws {
        let missing = try Program.run(["log", "verify", "\(broker.directory)/none"])
        #expect(missing.status == 1 && missing.errors.contains("No such file or directory"))
        #expect(try Program.run(["log", "dump", "\(log)x"]).status == 1)
        #expect(try Program.run(["log", "dump"]).status == 2)
    }
}
