import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

/// What has settings of its own.
public enum ConfigurationResource: Sendable, Hashable {
    case topic(String)
    /// A group, whether it is there yet or not.
    case group(String)
    /// A broker, by its id.
    case broker(Int32)
    /// What holds for every broker that is not set otherwise.
    case brokerDefaults
    /// The log levels of a broker, by its id.
    case brokerLoggers(Int32)
}

/// One setting of a resource, as a broker describes it.
public struct DescribedSetting: Sendable, Equatable {
    /// Where a value comes from; `unknown` for numbers that this client does not know.
    public enum Source: Int8, Sendable {
        case unknown = 0
        case topic = 1
        case broker = 2
        case brokerDefaults = 3
        /// The broker's file, environment or arguments.
        case startOfBroker = 4
        case builtIn = 5
        case brokerLogger = 6
        case clientMetrics = 7
        case group = 8
    }

    public let name: String
    /// Nil where there is none, and where it is a secret.
    public let value: String?
    public let source: Source
    public let isReadOnly: Bool
    public let isSensitive: Bool
}

/// A change of one setting.
public struct SettingChange: Sendable, Equatable {
    public var name: String
    /// Nil takes away what was set, so that what lies beneath it counts again.
    public var value: String?

    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

extension Client {
    /// Describes settings: those named, or all. Each resource is reported by itself, in the order given; all of them have
    /// to be answered by the same broker (a broker answers for itself, for topics and for groups).
    public func describeSettings(
        of resources: [ConfigurationResource], names: [String]? = nil,
        completion: @escaping ([Result<[DescribedSetting], ClientError>]) -> Void
    ) {
        var request = DescribeConfigsRequest()
        request.resources = resources.map { resource in
            var entry = DescribeConfigsRequest.DescribeConfigsResource()
            entry.resourceType = resource.type
            entry.resourceName = resource.name
            entry.configurationKeys = names
            return entry
        }
        send(request, to: resources.first?.destination ?? .any) { result in
            completion(
                resources.map { resource in
                    result.flatMap { response -> Result<[DescribedSetting], ClientError> in
                        let found = response.results.first {
                            $0.resourceType == resource.type && $0.resourceName == resource.name
                        }
                        guard let found else { return .failure(.leftOut("\(resource)")) }
                        guard found.errorCode == 0 else {
                            return .failure(
                                ClientError(
                                    found.errorCode, found.errorMessage.flatMap { $0.isEmpty ? nil : $0 },
                                    doing: "describing the settings of \(resource)"))
                        }
                        return .success(found.configs.map(DescribedSetting.init).sorted { $0.name < $1.name })
                    }
                })
        }
    }

    /// Changes settings of one resource: all of them or, where one is refused, none.
    public func alterSettings(
        of resource: ConfigurationResource, _ changes: [SettingChange],
        completion: @escaping (Result<Void, ClientError>) -> Void
    ) {
        var request = IncrementalAlterConfigsRequest()
        var entry = IncrementalAlterConfigsRequest.AlterConfigsResource()
        entry.resourceType = resource.type
        entry.resourceName = resource.name
        entry.configs = changes.map { change in
            var config = IncrementalAlterConfigsRequest.AlterableConfig()
            config.name = change.name
            config.configOperation = change.value == nil ? SettingOperation.delete : SettingOperation.set
            config.value = change.value
            return config
        }
        request.resources = [entry]
        change(
            request, to: resource.destination == .any ? .controller : resource.destination, subject: "\(resource)",
            doing: "changing the settings of \(resource)",
            answer: { $0.responses.first.map { ChangeAnswer($0.errorCode, $0.errorMessage) } }, completion: completion)
    }
}

/// What IncrementalAlterConfigs can do to a setting.
private enum SettingOperation {
    static let set: Int8 = 0
    static let delete: Int8 = 1
}

extension ConfigurationResource: CustomStringConvertible {
    public var description: String {
        switch self {
        case .topic(let name): "topic \(name)"
        case .group(let name): "group \(name)"
        case .broker(let id): "broker \(id)"
        case .brokerDefaults: "all brokers"
        case .brokerLoggers(let id): "the loggers of broker \(id)"
        }
    }

    fileprivate var type: Int8 {
        switch self {
        case .topic: 2
        case .broker, .brokerDefaults: 4
        case .brokerLoggers: 8
        case .group: 32
        }
    }

    fileprivate var name: String {
        switch self {
        case .topic(let name), .group(let name): name
        case .broker(let id), .brokerLoggers(let id): "\(id)"
        case .brokerDefaults: ""
        }
    }

    /// A broker knows only its own settings and loggers.
    fileprivate var destination: Destination {
        switch self {
        case .topic, .group, .brokerDefaults: .any
        case .broker(let id), .brokerLoggers(let id): .node(id)
        }
    }
}

extension DescribedSetting {
    fileprivate init(_ config: DescribeConfigsResponse.DescribeConfigsResourceResult) {
        name = config.name
        value = config.isSensitive ? nil : config.value
        source = Source(rawValue: config.configSource) ?? .unknown
        isReadOnly = config.readOnly
        isSensitive = config.isSensitive
    }
}
