import Bytes
import CommandLine
import Glibc
import KafkaClientCore
import Runtime

/// Reads lines and writes records until the input ends.
final class ProduceRun {
    /// Bytes that are read from the input at a time.
    private static let pieceSize = 256 << 10

    private let session: ClientSession
    private let producer: Producer
    private let parser: RecordParser
    private let isQuiet: Bool
    private var lines = LineBuffer()
    private var lineNumber = 0
    private var isReading = false
    private var hasInputEnded = false
    private var isInterrupted = false
    private var written: [Int32: (count: Int, first: Int64, last: Int64)] = [:]
    private var writtenCount = 0
    /// Lines that were no records, and input that could not be read.
    private var inputFailureCount = 0
    private var failures = DeliveryFailures()
    private var isReportScheduled = false
    private let progress: ProgressLine
    private let retries: RetryNotice

    init(session: ClientSession, parser: RecordParser, configuration: ProducerConfiguration, isQuiet: Bool) {
        self.session = session
        self.parser = parser
        self.isQuiet = isQuiet
        producer = Producer(client: session.client, configuration: configuration)
        let progress = ProgressLine(session: session, verb: "written")
        self.progress = progress
        retries = RetryNotice(session, giveUpAfter: configuration.deliveryTimeout, clear: progress.clear)
    }

    func start() {
        session.onInterrupt = { self.interrupted() }
        producer.onRoom = { self.continueReading() }
        producer.onRetry = { self.retries.failed($0, $1) }
        // A broker that cannot be reached is told before anybody types a thousand lines.
        session.client.describeCluster(topics: [parser.topic]) { result in
            if case .failure(let error) = result { return self.session.fail(error) }
            if self.session.terminal.isInputInteractive, !self.isQuiet {
                self.session.terminal.writeError("Type a record a line; Ctrl-D ends.\n")
            }
            self.continueReading()
        }
    }

    private func continueReading() {
        guard !isReading, !hasInputEnded, !producer.isFull else { return }
        isReading = true
        do throws(BlockingPool.Refused) {
            try session.shard.run(on: session.pool, job: { readPiece(ProduceRun.pieceSize) }) { self.inputArrived($0) }
        } catch {
            preconditionFailure("the pool has a thread for the input: \(error)")
        }
    }

    private func inputArrived(_ piece: Result<[UInt8], SystemError>) {
        guard !hasInputEnded else { return }
        isReading = false
        switch piece {
        case .failure(let error):
            inputFailureCount += 1
            session.terminal.writeError("error: cannot read the input: \(error)\n")
            endInput()
        case .success(let bytes) where bytes.isEmpty:
            if let rest = lines.takeRest() { send(rest) }
            endInput()
        case .success(let bytes):
            lines.append(bytes)
            while !hasInputEnded, let line = lines.next() { send(line) }
            if !hasInputEnded { continueReading() }
        }
    }

    private func send(_ line: [UInt8]) {
        lineNumber += 1
        do throws(LineError) {
            let record = try parser.record(line)
            producer.send(record, delivery: delivered)
        } catch {
            // What follows a line that was misunderstood may be misunderstood too.
            inputFailureCount += 1
            session.terminal.writeError("error: line \(lineNumber): \(error)\n")
            endInput()
        }
    }

    private func endInput() {
        hasInputEnded = true
        producer.flush { self.end() }
    }

    private lazy var delivered: DeliveryHandler = { [unowned self] result in
        switch result {
        case .success(let metadata):
            let partition = metadata.partition.partition
            let earlier = written[partition]
            written[partition] = (
                (earlier?.count ?? 0) + 1, min(earlier?.first ?? .max, metadata.offset),
                max(earlier?.last ?? -1, metadata.offset)
            )
            writtenCount += 1
            retries.written(metadata.partition)
            progress.count(writtenCount)
        case .failure(let error):
            failures.add(error)
            scheduleReport()
        }
    }

    /// Errors are told a moment later: batches fail one soon after the other.
    private func scheduleReport() {
        guard !isReportScheduled else { return }
        isReportScheduled = true
        session.shard.schedule(after: .milliseconds(200)) {
            self.isReportScheduled = false
            self.reportFailures()
        }
    }

    private func reportFailures() {
        for (error, records) in failures.takeNew() {
            progress.clear()
            let advice = error.code == .recordTooLarge ? "; --max-request-size allows more" : ""
            session.report(error, advice + (records > 1 ? " (\(counted(records, "record")))" : ""))
        }
    }

    private func reportRemainingFailures() {
        reportFailures()
        let rest = failures.rest
        for (error, records) in rest.grown {
            session.terminal.writeError("\(counted(records, "record")) altogether: \(error)\n")
        }
        if rest.untold > 0 { session.terminal.writeError("and \(counted(rest.untold, "other error"))\n") }
    }

    private func interrupted() {
        if isInterrupted { return session.finish(.interrupted) }
        isInterrupted = true
        hasInputEnded = true
        session.terminal.writeError("\nWaiting for what was read to be written; Ctrl-C again gives up.\n")
        producer.flush { self.end() }
    }

    private func end() {
        progress.clear()
        reportRemainingFailures()
        if !isQuiet { session.terminal.writeError(summary) }
        session.finish(failureCount > 0 ? .failure : isInterrupted ? .interrupted : .success)
    }

    private var failureCount: Int { inputFailureCount + failures.count }

    private var summary: String {
        var text = "\(counted(writtenCount, "record")) written to \(parser.topic)"
        let places = written.sorted { $0.key < $1.key }.map { (partition, range) in
            if range.first < 0 { return "partition \(partition)" }
            let offsets = range.first == range.last ? "\(range.first)" : "\(range.first)–\(range.last)"
            return "partition \(partition): \(offsets)"
        }
        if !places.isEmpty, places.count <= 8 { text += " (\(places.joined(separator: ", ")))" }
        if failureCount > 0 { text += ", \(failureCount) failed" }
        return text + "\n"
    }
}

/// Reads what the input stream has, waiting for some; empty at its end.
private func readPiece(_ size: Int) -> Result<[UInt8], SystemError> {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { room, count in
        while true {
            let received = read(0, room.baseAddress, room.count)
            if received >= 0 {
                count = received
                return
            }
            if errno != EINTR {
                code = errno
                return
            }
        }
    }
    return code == 0 ? .success(bytes) : .failure(SystemError("read", code: code))
}
