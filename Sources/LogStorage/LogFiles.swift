import Bytes

/// The files of a log directory and of one partition's directory, by Kafka's names.
enum LogFiles {
    enum Kind: String, CaseIterable {
        case log
        case offsetIndex = "index"
        case timeIndex = "timeindex"
        case transactionIndex = "txnindex"
        case snapshot
    }

    static let leaderEpochCheckpoint = "leader-epoch-checkpoint"
    static let partitionMetadata = "partition.metadata"
    static let transactionChecksums = "transaction-index-checksums"
    static let deletedSuffix = ".deleted"
    static let cleanedSuffix = ".cleaned"
    static let swapSuffix = ".swap"
    static let temporarySuffix = ".tmp"
    /// Bytes that recovery cut off, kept for whoever wants to look at them; named by the first offset they may have held.
    static let cutSuffix = ".cut"
    static let deletedDirectorySuffix = "-delete"
    /// Of a partition's directory that is being filled by a move from another log directory.
    static let futureDirectorySuffix = "-future"

    static func name(_ offset: Int64, _ kind: Kind) -> String { "\(digits(offset)).\(kind.rawValue)" }

    static func path(_ directory: String, _ offset: Int64, _ kind: Kind) -> String {
        "\(directory)/\(name(offset, kind))"
    }

    static func cutPath(_ directory: String, _ offset: Int64) -> String {
        "\(directory)/\(digits(offset))\(cutSuffix)"
    }

    /// Reads a name that `name(_:_:)` wrote.
    static func parse(_ name: String) -> (offset: Int64, kind: Kind)? {
        var name = name
        return name.withUTF8 { bytes in
            guard bytes.count > digitCount, bytes[digitCount] == UInt8(ascii: "."),
                let kind = Kind(rawValue: String(decoding: bytes[(digitCount + 1)...], as: UTF8.self)),
                let offset = offset(of: bytes[..<digitCount])
            else { return nil }
            return (offset, kind)
        }
    }

    private static func offset(of digits: Swift.Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
        var offset: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tens, isTooLarge) = offset.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            if isTooLarge || overflow { return nil }
            offset = sum
        }
        return offset
    }

    private static let digitCount = 20

    /// 20 digits, so that names sort as their offsets do.
    private static func digits(_ offset: Int64) -> String {
        String(unsafeUninitializedCapacity: digitCount) { digits in
            var rest = offset.magnitude
            for place in (0..<digitCount).reversed() {
                digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return digitCount
        }
    }
}
