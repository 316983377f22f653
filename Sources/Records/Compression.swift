/// How the records of a batch are compressed: bits 0–2 of its attributes.
public enum Compression: UInt8, Sendable, CaseIterable {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4

    /// The name in configurations; `uncompressed` and `producer` are words of the topic's `compression.type` only.
    public var name: String {
        switch self {
        case .none: "none"
        case .gzip: "gzip"
        case .snappy: "snappy"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }

    public init?(name: String) {
        guard let found = Compression.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// The levels that Kafka's configuration allows; empty where a codec has none. Gzip also takes -1, zlib's own default.
    public var levels: ClosedRange<Int>? {
        switch self {
        case .none, .snappy: nil
        case .gzip: 1...9
        case .lz4: 1...17
        case .zstd: -131072...22
        }
    }

    public var defaultLevel: Int {
        switch self {
        case .none, .snappy: 0
        case .gzip: -1
        case .lz4: 9
        case .zstd: 3
        }
    }

    public func allows(level: Int) -> Bool { level == defaultLevel || levels?.contains(level) == true }
}
