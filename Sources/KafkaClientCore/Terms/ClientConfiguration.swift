import Runtime

/// What all parts of a client share. Defaults are those of Kafka's own clients.
public struct ClientConfiguration: Sendable {
    /// Brokers to ask first; the others are learned from them.
    public var bootstrapServers: [BrokerEndpoint]
    public var clientId: String
    /// How long a broker may take to answer: `request.timeout.ms`.
    public var requestTimeout = Interval.seconds(30)
    /// How long a call may take with all its retries: `default.api.timeout.ms`.
    public var callTimeout = Interval.seconds(60)
    public var connectTimeout = Interval.seconds(10)
    public var reconnectBackoff = Interval.milliseconds(50)
    public var reconnectBackoffMaximum = Interval.seconds(1)
    public var retryBackoff = Interval.milliseconds(100)
    public var retryBackoffMaximum = Interval.seconds(1)
    /// Metadata older than this is asked for anew: `metadata.max.age.ms`.
    public var metadataMaximumAge = Interval.seconds(300)
    /// Whether asking for the metadata of a topic may create it, where the brokers allow that.
    public var allowAutoTopicCreation = true
    /// Frames larger than this end the connection.
    public var maximumResponseSize = 256 << 20

    public init(bootstrapServers: [BrokerEndpoint], clientId: String) {
        self.bootstrapServers = bootstrapServers
        self.clientId = clientId
    }
}
