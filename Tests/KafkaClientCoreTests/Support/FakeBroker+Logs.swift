import Bytes
import KafkaProtocol
import Records
import Runtime

extension FakeBroker {
    func produce(_ request: ProduceRequestView, _ code: ErrorCode, into writer: inout ByteWriter) throws -> Reply {
        var response = ProduceResponseWriter(version: request.version, topicCount: request.topics.count, into: &writer)
        for topic in request.topics {
            let name = topicName(topic.name, topic.topicId)
            response.beginTopic(
                name: topic.name, topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
            for partition in topic.partitions {
                let key = TopicPartition(topic: name, partition: partition.index)
                var answer = ProduceResponsePartition(index: partition.index, errorCode: code)
                if code == .none, let records = partition.records {
                    (answer.errorCode, answer.baseOffset) = append([UInt8](records), to: key)
                }
                try response.partition(answer, into: &writer)
            }
            response.endTopic(into: &writer)
        }
        try response.end(into: &writer)
        return request.acks == 0 ? .none : .now
    }

    /// Appends a batch as a leader does, with the checks of an idempotent producer.
    @discardableResult
    func append(_ batch: [UInt8], to partition: TopicPartition) -> (ErrorCode, Int64) {
        guard var log = logs[partition] else { return (.unknownTopicOrPartition, -1) }
        guard let header = batch.withUnsafeBytes({ try? RecordBatchHeader($0) }) else { return (.corruptMessage, -1) }
        if header.hasProducerId, !header.attributes.isControl, header.baseSequence >= 0 {
            var history = log.producers[header.producerId]
            if let known = history, header.producerEpoch < known.epoch { return (.invalidProducerEpoch, -1) }
            if history == nil || header.producerEpoch > history?.epoch ?? 0 {
                guard header.baseSequence == 0 || history == nil else { return (.outOfOrderSequenceNumber, -1) }
                history = ProducerHistory(epoch: header.producerEpoch, recent: [])
            }
            let recent = history?.recent ?? []
            if let same = recent.first(where: { $0.first == header.baseSequence && $0.last == header.lastSequence }) {
                return (.none, same.offset)
            }
            if let last = recent.last, header.baseSequence != RecordBatchHeader.sequence(last.last, after: 1) {
                return (.outOfOrderSequenceNumber, -1)
            }
            history?.recent = (recent + [(header.baseSequence, header.lastSequence, log.endOffset)]).suffix(5)
            log.producers[header.producerId] = history
        }
        let offset = log.endOffset
        var stored = batch
        stored.withUnsafeMutableBytes { bytes in
            try? MutableRecordBatchView(bytes).assign(baseOffset: offset, partitionLeaderEpoch: 0)
        }
        log.batches.append(stored)
        log.endOffset = offset + Int64(header.lastOffsetDelta) + 1
        logs[partition] = log
        return (.none, offset)
    }

    /// The values of all records, in order.
    func values(_ partition: TopicPartition) -> [String] {
        let scratch = CodecScratch()
        return (logs[partition]?.batches ?? []).flatMap { batch in
            batch.withUnsafeBytes { bytes -> [String] in
                guard let view = try? RecordBatchView(bytes), let codec = view.header.attributes.compression,
                    let records = try? scratch.decompress(view.storedRecords, codec, limit: 1 << 30)
                else { return ["damaged"] }
                var iterator = RecordIterator(records, count: view.header.recordCount)
                var values: [String] = []
                while let record = try? iterator.next() {
                    values.append(record.value.map { String(decoding: $0, as: UTF8.self) } ?? "null")
                }
                return values
            }
        }
    }

    func fetch(_ request: FetchRequestView, _ code: ErrorCode, into writer: inout ByteWriter) throws -> Reply {
        var isEmpty = code == .none
        var response = FetchResponseWriter(version: request.version, topicCount: request.topics.count, into: &writer)
        for topic in request.topics {
            let name = topicName(topic.name, topic.topicId)
            response.beginTopic(
                name: topic.name, topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
            for asked in topic.partitions {
                let log = logs[TopicPartition(topic: name, partition: asked.index)]
                var answer = FetchResponsePartition(index: asked.index, errorCode: code)
                answer.highWatermark = log?.endOffset ?? -1
                answer.lastStableOffset = log?.endOffset ?? -1
                if request.parameters.isolationLevel == 1 { answer.abortedTransactions = log?.aborted ?? [] }
                var records: [UInt8] = []
                if let log, code == .none {
                    if asked.fetchOffset < log.startOffset || asked.fetchOffset > log.endOffset {
                        answer.errorCode = .offsetOutOfRange
                    } else {
                        records = batches(of: log, from: asked.fetchOffset, limit: Int(asked.partitionMaxBytes))
                    }
                }
                if !records.isEmpty || answer.errorCode != .none { isEmpty = false }
                records.withUnsafeBytes { response.partition(answer, records: $0, into: &writer) }
            }
            response.endTopic(into: &writer)
        }
        try response.end(into: &writer)
        // A broker holds back an answer that has nothing to say.
        return isEmpty ? .later(.milliseconds(Int64(request.parameters.maxWaitMs))) : .now
    }

    /// Whole batches from the one with `offset` on: at least one, and no more than fit.
    private func batches(of log: Log, from offset: Int64, limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for batch in log.batches {
            guard let header = batch.withUnsafeBytes({ try? RecordBatchHeader($0) }), header.lastOffset >= offset else {
                continue
            }
            if !bytes.isEmpty, bytes.count + batch.count > limit { break }
            bytes += batch
        }
        return bytes
    }
}
