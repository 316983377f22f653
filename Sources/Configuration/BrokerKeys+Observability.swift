extension BrokerKeys {
    static let observability: [ConfigurationKey] = [
        list(
            "martlet.http.listeners", "",
            about: "Addresses to serve /metrics and /health on: host:port, comma separated. Empty: nowhere."),
        int(
            "martlet.metrics.topics", 1_000, .atLeast(0),
            about: "Topics that have series of their own in /metrics; the others are summed up."),
        int(
            "martlet.metrics.partitions", 10_000, .atLeast(0),
            about: "Partitions that have series of their own in /metrics; the others are summed up. As many of groups."),
        int(
            "martlet.metrics.groups", 1_000, .atLeast(0),
            about: "Groups whose members, offsets and lag have series of their own in /metrics."),
    ]
}

extension BrokerConfiguration {
    /// What is told about the broker, and where.
    public struct Observability: Sendable {
        /// Empty: HTTP is not served.
        public let httpListeners: [HTTPListener]
        public let maximumTopicSeries: Int
        public let maximumPartitionSeries: Int
        public let maximumGroupSeries: Int
    }

    /// An address to serve HTTP on.
    public struct HTTPListener: Sendable, Equatable {
        /// Without brackets; empty: all addresses of this machine.
        public let host: String
        /// 0: a free one.
        public let port: UInt16
    }
}

extension BrokerConfiguration.Observability {
    init(_ settings: BrokerSettings, _ problems: inout [ConfigurationProblem]) {
        let key = "martlet.http.listeners"
        var listeners: [BrokerConfiguration.HTTPListener] = []
        for element in settings.value(of: key)?.list ?? [] where !element.isEmpty {
            // The same form as a Kafka listener's, whose name an HTTP address does not have.
            if let address = ListenerAddress("HTTP://\(element)") {
                listeners.append(BrokerConfiguration.HTTPListener(host: address.host, port: address.port))
            } else {
                problems.append(
                    ConfigurationProblem(
                        key: key, origin: settings.origin(of: key),
                        message: "\(element) is not host:port (an IPv6 host in brackets, ports to 65535)"))
            }
        }
        httpListeners = listeners
        maximumTopicSeries = Int(settings.number("martlet.metrics.topics"))
        maximumPartitionSeries = Int(settings.number("martlet.metrics.partitions"))
        maximumGroupSeries = Int(settings.number("martlet.metrics.groups"))
    }
}
