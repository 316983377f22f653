import Bytes
import Configuration
import Controller
import KafkaProtocol
import KafkaProtocolMore
import Logging
import Metadata

/// DescribeConfigs, versions 1 to 4. 1 sources and synonyms; 3 types and documentation; 4 flexible.
enum DescribeConfigsHandler {
    typealias Resource = DescribeConfigsRequest.DescribeConfigsResource
    typealias Row = DescribeConfigsResponse.DescribeConfigsResourceResult

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(DescribeConfigsRequest.self, maximumElements: RequestLimits.settings)
        var response = DescribeConfigsResponse()
        let shard = session.shard
        let live = shard.image.liveSettings(
            shard.context.configuration.settings, brokerId: shard.context.nodeID)
        var rowsLeft = RequestLimits.describedSettings
        response.results = body.resources.map { resource in
            var result = DescribeConfigsResponse.DescribeConfigsResult()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            do throws(ControllerError) {
                guard rowsLeft > 0 else { throw tooMany }
                let wanted = (resource.configurationKeys ?? []).isEmpty ? nil : resource.configurationKeys.map(Set.init)
                let found = try settings(of: resource, shard, live).filter { wanted?.contains($0.name) ?? true }
                rowsLeft -= found.count
                guard rowsLeft >= 0 else { throw tooMany }
                result.configs = found.map {
                    Row($0, synonyms: body.includeSynonyms, documentation: body.includeDocumentation)
                }
            } catch {
                result.errorCode = error.code.rawValue
                result.errorMessage = error.message ?? ""
            }
            return result
        }
        session.answer(request.reply, response)
    }

    /// One answer has an end, however many resources a client names, and however often.
    private static var tooMany: ControllerError {
        ControllerError(
            .invalidRequest,
            "an answer describes at most \(RequestLimits.describedSettings) settings: ask for fewer resources at a time"
        )
    }

    private static func settings(
        of resource: Resource, _ shard: BrokerShard, _ live: LiveSettings
    ) throws(ControllerError) -> [SettingDescription] {
        let (image, name, node) = (shard.image, resource.resourceName, shard.context.nodeID)
        if resource.resourceType == 8 {
            try checkNode(name, node, mayBeEmpty: false)
            return BrokerLoggers(.shared).describe()
        }
        guard let kind = ConfigurationResource.Kind(rawValue: resource.resourceType) else {
            throw ControllerError(.invalidRequest, "there is no resource type \(resource.resourceType)")
        }
        let own = image.configuration(of: ConfigurationResource(kind: kind, name: Name(name)))
        switch kind {
        case .topic:
            if let problem = TopicName.problem(with: name) { throw ControllerError(.invalidTopicException, problem) }
            if image.topics.id(of: name) == nil { throw ControllerError(.unknownTopicOrPartition, nil) }
            let places = image.topicSettings(shard.context.configuration.settings, brokerId: node)
            return TopicKey.allCases.map { places.describe($0, topic: own) }
        case .broker:
            if name.isEmpty { return live.describeClusterDefaults() }
            try checkNode(name, node, mayBeEmpty: true)
            return live.describe()
        case .clientMetrics:
            if name.isEmpty {
                throw ControllerError(.invalidRequest, "Client metrics subscription name must not be empty")
            }
            return ClientMetricsSettings.describe(own)
        case .group:
            if name.isEmpty { throw ControllerError(.invalidRequest, "Group name must not be empty") }
            return GroupSettings(live).describe(own)
        }
    }

    private static func checkNode(_ name: String, _ node: Int32, mayBeEmpty: Bool) throws(ControllerError) {
        if name.isEmpty { throw ControllerError(.invalidRequest, "Broker id must not be empty") }
        guard let id = Int32(name) else {
            throw ControllerError(.invalidRequest, "Broker id must be an integer, but it is: \(name)")
        }
        guard id == node else {
            let expected = mayBeEmpty ? "\(node) or empty string," : "\(node)"
            throw ControllerError(.invalidRequest, "Unexpected broker id, expected \(expected) but received \(name)")
        }
    }
}

extension DescribeConfigsResponse.DescribeConfigsResourceResult {
    fileprivate init(_ setting: SettingDescription, synonyms withSynonyms: Bool, documentation withTexts: Bool) {
        self.init()
        name = setting.name
        value = setting.value
        readOnly = setting.isReadOnly
        configSource = setting.source.rawValue
        isSensitive = setting.isSensitive
        configType = setting.type?.rawValue ?? 0
        documentation = withTexts ? setting.documentation : nil
        guard withSynonyms else { return }
        synonyms = setting.synonyms.map { synonym in
            var row = DescribeConfigsResponse.DescribeConfigsSynonym()
            row.name = synonym.name
            row.value = synonym.value
            row.source = synonym.source.rawValue
            return row
        }
    }
}
