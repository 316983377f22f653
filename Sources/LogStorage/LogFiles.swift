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
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[1])), parts[0].utf8.count == 20,
            parts[0].utf8.allSatisfy({ (48...57).contains($0) }), let offset = Int64(parts[0])
        else { return nil }
        return (offset, kind)
    }

    /// 20 digits, so that names sort as their offsets do.
    private static func digits(_ offset: Int64) -> String {
        let text = String(offset)
        return String(repeating: "0", count: max(20 - text.utf8.count, 0)) + text
    }
}
