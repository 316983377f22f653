/// How many array elements a request may have. More than anybody has a use for would only cost memory and time: the
/// connection is closed before they are looked at.
struct RequestLimits {
    /// For a request about existing partitions: all topics and partitions, and some that went since the client heard of
    /// them.
    let partitions: Int
    /// For one that names topics, which need not exist.
    let topics: Int

    /// For one that makes topics, with their settings and assignments; `Controller.maximumPartitionsPerRequest` is far
    /// below.
    static let newTopics = 100_000

    /// For one about settings, quotas, features or users.
    static let settings = 20_000

    /// Rows of an answer that describes settings.
    static let describedSettings = 35_000

    init(_ table: TopicTable) {
        partitions = table.count + table.partitionCount + 1_000
        topics = table.count + 20_000
    }
}
