import Bytes
import Files
import KafkaProtocol
import LogStorage
import Replication
import Runtime

/// Writes the answer of one fetch: marks and errors into the output, records from where they lie.
struct FetchAnswer {
    /// From this size on the records of a segment go from file to socket by the kernel; below it a read into the output
    /// is cheaper than a call of its own.
    static let fileThreshold = 32 << 10

    private let reply: Reply
    private let sessionID: Int32
    private let throttleMs: Int32
    private let topics: [[PartitionRead]]

    init(reply: Reply, sessionID: Int32, throttleMs: Int32 = 0, reads: [PartitionRead]) {
        self.reply = reply
        self.sessionID = sessionID
        self.throttleMs = throttleMs
        topics = FetchAnswer.group(reads)
    }

    /// An answer is by topic; the order in which topics come first stays.
    private static func group(_ reads: [PartitionRead]) -> [[PartitionRead]] {
        var topics: [[PartitionRead]] = []
        var places: [FetchKey: Int] = [:]
        for read in reads where read.fetched != nil {
            var key = read.interest.target.key
            key.partition = 0
            if let place = places[key] {
                topics[place].append(read)
            } else {
                places[key] = topics.count
                topics.append([read])
            }
        }
        return topics
    }

    func write(to session: ClientSession) {
        let connection = session.connection
        guard connection.isOpen else { return }
        var start = 0
        var writer: FetchResponseWriter?
        connection.withOutput { output in
            start = output.count
            output.write(Int32(0))
            output.write(reply.correlationID)
            if reply.key.responseHeaderVersion(reply.version) >= 1 { output.writeUnsignedVarint(0) }
            writer = FetchResponseWriter(
                version: reply.version, throttleTimeMs: throttleMs, sessionId: sessionID, topicCount: topics.count,
                into: &output)
        }
        guard var writer else { return }
        var fileBytes = 0
        do {
            for topic in topics {
                try write(topic, &writer, connection, &fileBytes)
            }
            var failure: EncodeError?
            connection.withOutput { output in
                do throws(EncodeError) { try writer.end(into: &output) } catch { failure = error }
                output.overwrite(Int32(truncatingIfNeeded: output.count - start - 4 + fileBytes), at: start)
            }
            if let failure { throw failure }
        } catch {
            // A length was promised that cannot be kept.
            session.abort("the answer to a fetch: \(error)")
        }
    }

    private func write(
        _ reads: [PartitionRead], _ writer: inout FetchResponseWriter, _ connection: Connection, _ fileBytes: inout Int
    ) throws {
        guard let key = reads.first?.interest.target.key else { return }
        connection.withOutput { output in
            Array(key.name.text.utf8).withUnsafeBytes { name in
                writer.beginTopic(name: name, topicId: key.topicID, partitionCount: reads.count, into: &output)
            }
        }
        for read in reads {
            guard let fetched = read.fetched else { continue }
            let row = fetched.row(read.interest.target.key.partition)
            connection.withOutput { output in
                writer.beginPartition(row, recordsLength: fetched.byteCount, into: &output)
            }
            switch fetched.records {
            case nil: break
            case .file(let read): try write(read, connection, &fileBytes)
            case .memory(let read):
                connection.withOutput { output in
                    for slice in read.slices { output.write(slice) }
                }
            }
            connection.withOutput { output in writer.endPartition(row, into: &output) }
        }
        connection.withOutput { output in writer.endTopic(into: &output) }
    }

    private func write(_ records: LogRead, _ connection: Connection, _ fileBytes: inout Int) throws {
        let file = records.segment.file
        if records.count >= FetchAnswer.fileThreshold, let descriptor = file.descriptor {
            connection.sendFile(file, descriptor: descriptor, position: records.position, count: records.count)
            fileBytes += records.count
            return
        }
        try connection.withOutput { output throws in
            try output.append(atMost: records.count) { room throws in
                let count = try file.read(into: room, at: records.position)
                guard count == room.count else { throw FileError("read", file.path, code: 5) }
                return count
            }
        }
    }
}

extension FetchedPartition {
    func row(_ index: Int32) -> FetchResponsePartition {
        var row = FetchResponsePartition(index: index)
        row.errorCode = error
        row.highWatermark = highWatermark
        row.lastStableOffset = lastStableOffset
        row.logStartOffset = logStartOffset
        row.abortedTransactions = abortedTransactions?.map {
            FetchResponsePartition.AbortedTransaction(producerId: $0.producerID, firstOffset: $0.firstOffset)
        }
        if let divergingEpoch {
            row.divergingEpoch = .init(epoch: divergingEpoch.epoch, endOffset: divergingEpoch.endOffset)
        }
        return row
    }
}
