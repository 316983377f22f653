import Glibc
import Synchronization
import Testing

@testable import Logging

private final class Memory: LogSink {
    private let stored = Mutex("")
    var text: String { stored.withLock { $0 } }
    func write(_ line: [UInt8]) { stored.withLock { $0 += String(decoding: line, as: UTF8.self) } }
}

private func system(_ format: LogFormat = .text, level: LogLevel = .info) -> (LogSystem, Memory) {
    let memory = Memory()
    return (LogSystem(sink: memory, format: format, level: level, clock: { 1_795_639_556_192 }), memory)
}

struct LoggerTests {
    @Test func aLineHasTimeLevelLabelMessageAndMetadataInOrder() {
        let (system, memory) = system()
        var logger = Logger(label: "log", system: system)
        logger.info("recovered", metadata: ["topic": "t1", "partition": 0, "end": 1000])
        logger[metadataKey: "shard"] = 2
        logger.warning("slow", metadata: ["seconds": 1.5, "ok": false])
        let expected = """
            2026-11-25T20:45:56.192Z INFO log: recovered topic=t1 partition=0 end=1000
            2026-11-25T20:45:56.192Z WARNING log: slow shard=2 seconds=1.5 ok=false

            """
        #expect(memory.text == expected)
    }

    @Test func valuesThatCouldMisleadAreQuotedAndEscaped() {
        let (system, memory) = system()
        Logger(label: "net", system: system).error(
            "closed\nforged line",
            metadata: ["empty": "", "space": "a b", "quote": "a\"b\\", "equals": "a=b", "bell": "\u{7}", "emoji": "✓"])
        #expect(
            memory.text == "2026-11-25T20:45:56.192Z ERROR net: closed\\nforged line empty=\"\" space=\"a b\" "
                + "quote=\"a\\\"b\\\\\" equals=\"a=b\" bell=\"\\u0007\" emoji=✓\n")
    }

    @Test func jsonLinesKeepTypes() {
        let (system, memory) = system(.json)
        Logger(label: "log", system: system).info(
            "a \"b\"\n", metadata: ["n": -3, "s": "x y", "f": 0.5, "t": true, "nan": .double(.nan)])
        #expect(
            memory.text == #"{"time":"2026-11-25T20:45:56.192Z","level":"info","logger":"log","#
                + #""message":"a \"b\"\n","n":-3,"s":"x y","f":0.5,"t":true,"nan":"nan"}"# + "\n")
    }

    @Test func whatIsBelowTheLevelIsNotEvenEvaluated() {
        let (system, memory) = system(level: .warning)
        var evaluated = 0
        func message() -> String {
            evaluated += 1
            return "m"
        }
        let logger = Logger(label: "a", system: system)
        logger.info(message())
        logger.warning(message())
        #expect(evaluated == 1)
        #expect(memory.text.contains("WARNING a: m"))
    }

    @Test func levelsChangeForLivingLoggers() {
        let (system, _) = system()
        let disk = Logger(label: "disk", system: system)
        let net = Logger(label: "net", system: system)
        system.setLevel(.trace, for: "disk")
        #expect(disk.isEnabled(.trace) && !net.isEnabled(.debug))
        system.setLevel(.error)
        #expect(disk.isEnabled(.trace) && !net.isEnabled(.warning))
        system.setLevel(nil, for: "disk")
        #expect(disk.logLevel == .error)
        net.logLevel = .debug
        #expect(Logger(label: "net", system: system).logLevel == .debug)
        system.setLevel(.notice, for: "later")
        #expect(Logger(label: "later", system: system).logLevel == .notice)
    }

    @Test(arguments: [("INFO", LogLevel.info), ("warn", .warning), ("Critical", .critical), ("FATAL", .critical)])
    func levelNames(name: String, level: LogLevel) {
        #expect(LogLevel(name: name) == level)
        #expect(LogLevel(name: "loud") == nil)
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ])
    func timestamps(timeMs: Int64, text: String) {
        var line: [UInt8] = []
        appendTimestamp(timeMs, to: &line)
        #expect(String(decoding: line, as: UTF8.self) == text)
    }

    @Test func theDescriptorSinkWritesWholeLines() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let system = LogSystem(sink: FileDescriptorSink(ends[1]), clock: { 0 })
        Logger(label: "a", system: system).info("one")
        close(ends[1])
        var received = [UInt8](repeating: 0, count: 100)
        let count = read(ends[0], &received, received.count)
        close(ends[0])
        #expect(
            String(decoding: received.prefix(max(count, 0)), as: UTF8.self) == "1970-01-01T00:00:00.000Z INFO a: one\n")
    }

    @Test func whoLogsDoesNotWaitForAReader() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let sink = FileDescriptorSink(ends[1])
        let line = [UInt8](repeating: 0x61, count: 99) + [0x0A]
        while sink.lostLines == 0 { sink.write(line) }
        var received = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(ends[0], &received, received.count)
        #expect(count > 0 && count % line.count == 0, "whole lines only")
        sink.write(line)
        #expect(sink.lostLines == 1 && read(ends[0], &received, received.count) == line.count)
    }
}
