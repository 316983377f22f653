/// The requests of Kafka 4.3 with their versions, whether Martlet serves them or not.
public enum ApiVersionTable {
    public enum Listener: Sendable {
        case broker
        case controller
    }

    public struct Row: Sendable {
        public let key: ApiKey
        /// Kafka's name, `CreateTopics` for instance.
        public let name: String
        /// The stable versions.
        public let versions: ClosedRange<Int16>
        /// The first version with compact lengths and tagged fields; `Int16.max` if there is none.
        public let flexibleFrom: Int16
        /// Where it may be asked.
        public let listeners: [Listener]

        init(
            _ key: ApiKey, _ name: String, _ versions: ClosedRange<Int16>, flexibleFrom: Int16, on listeners: [Listener]
        ) {
            self.key = key
            self.name = name
            self.versions = versions
            self.flexibleFrom = flexibleFrom
            self.listeners = listeners
        }

        /// The versions to put into an ApiVersions response. librdkafka takes a Produce that does not start at 0 for a
        /// broker without compression and sends uncompressed data from then on, so Kafka claims versions that it
        /// refuses.
        public var advertisedVersions: ClosedRange<Int16> {
            key == .produce ? 0...versions.upperBound : versions
        }
    }

    /// All rows by key.
    public static var all: [Row] { rows }

    /// Positions in `rows` by key.
    private static let positions: [Int] = {
        var positions = [Int](repeating: -1, count: Int(ApiKey.allCases.map(\.rawValue).max() ?? -1) + 1)
        for (position, row) in rows.enumerated() { positions[Int(row.key.rawValue)] = position }
        return positions
    }()

    static func row(_ key: ApiKey) -> Row { rows[positions[Int(key.rawValue)]] }
}

extension ApiKey {
    /// Its row in the version table.
    public var row: ApiVersionTable.Row { ApiVersionTable.row(self) }

    /// Kafka's name, `CreateTopics` for instance.
    public var name: String { row.name }

    /// Whether lengths are compact and structures end with tagged fields in `version`.
    public func isFlexible(_ version: Int16) -> Bool { version >= row.flexibleFrom }

    /// The version of the header in front of a request.
    public func requestHeaderVersion(_ version: Int16) -> Int16 { isFlexible(version) ? 2 : 1 }

    /// The version of the header in front of a response. An ApiVersions response always has the oldest one, so that a
    /// client that guessed the version wrongly can read it.
    public func responseHeaderVersion(_ version: Int16) -> Int16 {
        self != .apiVersions && isFlexible(version) ? 1 : 0
    }
}
