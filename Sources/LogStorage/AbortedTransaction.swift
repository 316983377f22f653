import Bytes

/// A transaction that was aborted: its records stand in the log and are not for readers of committed ones.
public struct AbortedTransaction: Sendable, Equatable {
    /// Bytes of one in a `.txnindex` file.
    static let size = 34

    public var producerID: Int64
    public var firstOffset: Int64
    /// The offset of the marker.
    public var lastOffset: Int64
    /// The last stable offset once this transaction was decided.
    public var lastStableOffset: Int64
}

extension AbortedTransaction {
    init(_ completed: CompletedTransaction) {
        self.init(
            producerID: completed.producerID, firstOffset: completed.firstOffset, lastOffset: completed.lastOffset,
            lastStableOffset: completed.lastStableOffset)
    }

    static func encode(_ transactions: some Sequence<AbortedTransaction>) -> [UInt8] {
        var writer = ByteWriter()
        for transaction in transactions {
            writer.write(Int16(0))
            writer.write(transaction.producerID)
            writer.write(transaction.firstOffset)
            writer.write(transaction.lastOffset)
            writer.write(transaction.lastStableOffset)
        }
        return writer.bytes
    }

    /// nil where the bytes are not whole entries whose markers rise.
    static func decode(_ bytes: [UInt8]) -> [AbortedTransaction]? {
        guard bytes.count % size == 0 else { return nil }
        var transactions: [AbortedTransaction] = []
        return bytes.withUnsafeBytes { buffer in
            var cursor = ByteCursor(buffer)
            do {
                while cursor.remaining > 0 {
                    guard try cursor.int16() == 0 else { return nil }
                    let transaction = AbortedTransaction(
                        producerID: try cursor.int64(), firstOffset: try cursor.int64(),
                        lastOffset: try cursor.int64(), lastStableOffset: try cursor.int64())
                    if let last = transactions.last, last.lastOffset >= transaction.lastOffset { return nil }
                    transactions.append(transaction)
                }
                return transactions
            } catch {
                return nil
            }
        }
    }
}
