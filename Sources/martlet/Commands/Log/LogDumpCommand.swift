import CommandLine
import Files
import LogStorage
import Records
import Runtime

struct LogDumpCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "dump", abstract: "Show the batches of log files, and their records",
            discussion: """
                A line for each batch: its offsets, the byte where it begins, its bytes and records, the time of its \
                newest record, codec, leader epoch and producer. With --records a line for each record follows. Ends \
                with 1 where a checksum is wrong or no batch begins.
                """,
            examples: [
                Example("a partition's batches", "martlet log dump ./data/orders-0"),
                Example(
                    "a file with its records", "martlet log dump --records ./data/orders-0/00000000000000000000.log"),
            ], seeAlso: ["martlet log verify", "martlet consume"])
    }

    @Argument(isRequired: true, valueName: "FILE", kind: .file, help: "Log files, or directories of partitions.")
    var files: [String]
    @Flag(name: .long(short: "r"), help: "Show keys, values and headers too.")
    var records = false

    func run() throws {
        ProcessSetup.ignoreBrokenPipes()
        let fileSystem = RealFileSystem()
        let terminal = Terminal.current()
        var isDamaged = false
        do {
            for path in files {
                let isDirectory = try fileSystem.status(path)?.isDirectory == true
                let logs = isDirectory ? try LogVerifier(fileSystem).logFiles(in: path) : [path]
                if logs.isEmpty { terminal.writeError("there are no log files in \(path)\n") }
                for log in logs {
                    if try !dump(log, fileSystem, terminal) { isDamaged = true }
                }
            }
        } catch OutputError.closed {
            return
        }
        if isDamaged { throw ExitCode.failure }
    }

    /// Whether all of the file is whole.
    private func dump(_ path: String, _ fileSystem: RealFileSystem, _ terminal: Terminal) throws -> Bool {
        var isWhole = true
        var reader = try LogFileReader(path, fileSystem)
        var output = Array("\(path)\n".utf8)
        let scratch = CodecScratch()
        var position = reader.position
        while let batch = try reader.next() {
            let isValid = batch.isChecksumValid
            isWhole = isWhole && isValid
            output.append(contentsOf: LogDumpCommand.line(batch.header, at: position, isValid: isValid).utf8)
            if records, isValid { isWhole = output.appendRecords(of: batch, scratch) && isWhole }
            position = reader.position
            if output.count >= 64 << 10 {
                try terminal.write(output)
                output.removeAll(keepingCapacity: true)
            }
        }
        try terminal.write(output)
        guard reader.remaining > 0 else { return isWhole }
        terminal.writeError("\(path):\(position): no whole batch begins here; \(reader.remaining) bytes follow\n")
        return false
    }

    private static func line(_ header: RecordBatchHeader, at position: Int64, isValid: Bool) -> String {
        let attributes = header.attributes
        var words = [
            "offsets \(header.baseOffset)-\(header.lastOffset)", "at \(position)", "\(header.totalSize) bytes",
            "\(header.recordCount) record\(header.recordCount == 1 ? "" : "s")",
            header.maxTimestamp >= 0 ? Instant.text(header.maxTimestamp) : "no time",
            attributes.compression?.name ?? "unknown codec", "leader epoch \(header.partitionLeaderEpoch)",
        ]
        if header.hasProducerId {
            words.append("producer \(header.producerId) epoch \(header.producerEpoch) sequence \(header.baseSequence)")
        }
        if attributes.isTransactional { words.append("transactional") }
        if attributes.isControl { words.append("control") }
        if let horizon = header.deleteHorizon { words.append("delete horizon \(Instant.text(horizon))") }
        if !isValid { words.append("CHECKSUM WRONG") }
        return words.joined(separator: ", ") + "\n"
    }
}

extension [UInt8] {
    /// Appends a line for each record.
    ///
    /// - Returns: false where they cannot be read to the last.
    fileprivate mutating func appendRecords(of batch: RecordBatchView, _ scratch: CodecScratch) -> Bool {
        do {
            guard let codec = batch.header.attributes.compression else { throw CodecError.corrupt }
            defer { scratch.trim() }
            let bytes = try scratch.decompress(batch.storedRecords, codec, limit: Int(Int32.max))
            var records = RecordIterator(bytes, count: batch.header.recordCount)
            while let record = try records.next() { appendRecord(record, batch.header) }
            return true
        } catch {
            append(contentsOf: "  RECORDS CANNOT BE READ: \(error)\n".utf8)
            return false
        }
    }

    private mutating func appendRecord(_ record: RecordView, _ header: RecordBatchHeader) {
        let timestamp = header.timestamp(of: record)
        append(contentsOf: "  \(header.offset(of: record)) \(Instant.text(timestamp)) key=".utf8)
        appendShown(record.key)
        append(contentsOf: " value=".utf8)
        appendShown(record.value)
        for header in record.headers {
            append(UInt8(ascii: " "))
            appendShown(header.key)
            append(UInt8(ascii: "="))
            appendShown(header.value)
        }
        append(UInt8(ascii: "\n"))
    }

    /// Text in quotes, other bytes as base64, and `null`.
    private mutating func appendShown(_ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else { return append(contentsOf: "null".utf8) }
        if String(validating: bytes, as: UTF8.self) != nil {
            appendJSON(bytes)
        } else {
            append(contentsOf: "base64:\(Base64.encode(bytes))".utf8)
        }
    }
}
