import Bytes
import Files
import LogStorage
import Records

/// Keyed records as they were produced to a log that is compacted, and what must still be true of it.
struct CompactionModel {
    /// Producers from here on write in transactions only.
    static let firstTransactional: Int64 = 100

    struct Record: Equatable {
        var offset: Int64
        var key: String
        /// nil is a tombstone.
        var value: String?
    }

    struct Batch {
        var offsets: ClosedRange<Int64>
        var records: [Record]
        var producer: (id: Int64, epoch: Int16, sequence: Int32)?
        var isControl = false
        var isAborted = false
        /// A transaction that has no marker yet.
        var isOpen = false
    }

    private(set) var batches: [Batch] = []
    /// All below was acknowledged.
    var acknowledgedEnd: Int64 = 0

    var end: Int64 { batches.last.map { $0.offsets.upperBound + 1 } ?? 0 }

    mutating func append(_ batch: Batch) { batches.append(batch) }

    mutating func end(_ producer: Int64, isAborted: Bool) {
        for index in batches.indices where batches[index].isOpen && batches[index].producer?.id == producer {
            batches[index].isOpen = false
            batches[index].isAborted = isAborted
        }
    }

    /// Forgets what lies at or past the offset. A transaction whose marker is gone is open again.
    mutating func truncate(to offset: Int64) {
        let markers = batches.filter { $0.isControl && $0.offsets.lowerBound >= offset }
        batches.removeAll { $0.offsets.lowerBound >= offset }
        for marker in markers.reversed() {
            for index in batches.indices.reversed() {
                guard let producer = batches[index].producer, producer.id == marker.producer?.id else { continue }
                if batches[index].isControl { break }
                if batches[index].isTransactional { batches[index].isOpen = true }
                batches[index].isAborted = false
            }
        }
    }

    func openTransactions() -> Set<Int64> { Set(batches.filter(\.isOpen).compactMap(\.producer?.id)) }

    /// The last sequence of a producer, nil for one that is new.
    func lastSequence(of id: Int64) -> Int32? {
        batches.last { $0.producer?.id == id && !$0.isControl }
            .flatMap { batch in batch.producer.map { $0.sequence + Int32(batch.records.count) - 1 } }
    }

    /// The newest record of each key that is there to stay: those of open transactions are not decided.
    func newest() -> [String: Record] {
        var newest: [String: Record] = [:]
        for batch in batches where !batch.isAborted && !batch.isOpen && !batch.isControl {
            for record in batch.records { newest[record.key] = record }
        }
        return newest
    }
}

extension CompactionModel.Batch {
    var isTransactional: Bool { producer.map { $0.id >= CompactionModel.firstTransactional } ?? false }
}

extension CompactionModel {
    /// Compares all that can be read with what was produced.
    func check(_ found: [StoredBatch]) throws {
        let known = Dictionary(uniqueKeysWithValues: batches.map { ($0.offsets.lowerBound, $0) })
        var last: Int64 = -1
        var kept: [String: Record] = [:]
        var seen: [Record] = []
        for batch in found {
            let header = batch.header
            guard header.baseOffset > last else { throw ModelFailure("offsets go back at \(header.baseOffset)") }
            last = header.lastOffset
            guard let model = known[header.baseOffset], model.offsets.upperBound == header.lastOffset else {
                throw ModelFailure("a batch at \(header.baseOffset) that nobody wrote")
            }
            guard header.baseSequence == model.producer?.sequence ?? -1, header.producerId == model.producer?.id ?? -1
            else { throw ModelFailure("the producer of \(header.baseOffset) has changed") }
            if model.isControl { continue }
            for record in batch.records {
                let stored = Record(offset: record.offset, key: record.key ?? "", value: record.value)
                guard model.records.contains(stored) else { throw ModelFailure("nobody wrote \(record)") }
                if model.isAborted || model.isOpen { continue }
                kept[stored.key] = stored
                seen.append(stored)
            }
        }
        for (key, record) in newest() {
            if let stored = kept[key] {
                guard stored == record else {
                    throw ModelFailure("\(key) is \(stored), not \(record): \(seen.filter { $0.key == key })")
                }
            } else if record.value != nil {
                throw ModelFailure("\(record) is lost")
            }
        }
        for batch in batches where batch.isOpen {
            guard batch.offsets.upperBound <= last,
                found.contains(where: { $0.header.baseOffset == batch.offsets.lowerBound })
            else { throw ModelFailure("the open transaction at \(batch.offsets) is not whole") }
        }
    }

    /// Compares the transactions of which readers of committed records leave the records out with those that were aborted.
    func check(_ found: [StoredBatch], aborted: [AbortedTransaction]) throws {
        let known = Dictionary(uniqueKeysWithValues: batches.map { ($0.offsets.lowerBound, $0) })
        for header in found.map(\.header) where header.recordCount > 0 && !header.attributes.isControl {
            guard let model = known[header.baseOffset], model.isTransactional else { continue }
            let isLeftOut = aborted.contains {
                $0.producerID == header.producerId && $0.firstOffset <= header.baseOffset
                    && $0.lastOffset > header.lastOffset
            }
            guard isLeftOut == model.isAborted else {
                throw ModelFailure("aborted at \(header.baseOffset): \(model.isAborted), not \(isLeftOut)")
            }
        }
    }
}
