import Configuration
import KafkaProtocol
import Metadata

/// Decides what becomes of the cluster: from the metadata as it is and a request, the records that change it and the
/// answer. It changes nothing itself: the records take effect when they are appended and loaded into the next image.
///
/// One decision is made at a time, and its records are in `image` before the next.
public struct Controller: Sendable {
    /// The metadata that the next decision goes by.
    public var image: ClusterImage
    let configuration: BrokerConfiguration

    /// - Parameter configuration: that of the broker in this process.
    public init(configuration: BrokerConfiguration, image: ClusterImage = .empty) {
        self.configuration = configuration
        self.image = image
    }

    /// The settings of the broker in this process, with those made at run time.
    var liveSettings: LiveSettings {
        image.liveSettings(configuration.settings, brokerId: configuration.nodeId)
    }

    /// Where topics' settings come from, as the broker in this process sees it.
    var topicSettings: TopicSettings {
        image.topicSettings(configuration.settings, brokerId: configuration.nodeId)
    }
}

/// A decision: what to append, and what to answer once it is kept.
public struct ControllerResult<Reply: Sendable>: Sendable {
    /// To be appended together; empty when nothing changes.
    public var records: [MetadataRecord]
    public var reply: Reply

    public init(records: [MetadataRecord] = [], reply: Reply) {
        self.records = records
        self.reply = reply
    }
}

/// Why something was not done: Kafka's code, and words for people.
public struct ControllerError: Error, Sendable, Equatable {
    public let code: ErrorCode
    /// nil where the code says it all.
    public let message: String?

    public init(_ code: ErrorCode, _ message: String?) {
        self.code = code
        self.message = message
    }

    /// The client has changed more partitions than its quota allows for.
    static let overQuota = ControllerError(.throttlingQuotaExceeded, "The throttling quota has been exceeded.")
}
