/// The rules for names of topics.
public enum TopicName {
    /// In bytes. With `-`, five digits and a suffix it still fits into a file name.
    public static let maximumLength = 249

    /// Kafka's own metadata topic, which nobody may create.
    public static let clusterMetadata = "__cluster_metadata"

    private static let internalNames: Set = ["__consumer_offsets", "__transaction_state", "__share_group_state"]

    /// True for topics that the broker keeps for itself.
    public static func isInternal(_ name: String) -> Bool { internalNames.contains(name) }

    /// Why a topic cannot have that name; nil when it can. The words are Kafka's.
    public static func problem(with name: String) -> String? {
        let reason: String
        if name.isEmpty {
            reason = "the empty string is not allowed"
        } else if name == "." || name == ".." {
            reason = "'\(name)' is not allowed"
        } else if name.utf8.count > maximumLength {
            reason = "the length of '\(name)' is longer than the max allowed length \(maximumLength)"
        } else if !name.utf8.allSatisfy(isAllowed) {
            reason = "'\(name)' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        } else {
            return nil
        }
        return "Topic name is invalid: \(reason)"
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
