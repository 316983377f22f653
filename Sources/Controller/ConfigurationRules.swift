import Bytes
import Configuration
import KafkaProtocol
import Metadata

/// Says which settings a resource may have at run time.
struct ConfigurationRules {
    private let controller: Controller
    private var image: ClusterImage { controller.image }

    init(_ controller: Controller) { self.controller = controller }

    /// Checks all settings that a resource would have.
    func check(
        _ resource: ConfigurationResource, from before: [String: String], to after: [String: String]
    ) throws(ControllerError) {
        for (name, text) in after where text.utf8.count > TopicSettings.maximumLength {
            throw ControllerError(
                .invalidConfig, "The value of \(name) is longer than \(TopicSettings.maximumLength) bytes")
        }
        switch resource.kind {
        case .topic: try checkTopic(resource.name.text, after)
        case .broker: try checkBroker(resource, from: before, to: after)
        case .clientMetrics: try checkClientMetrics(resource.name.text, after)
        case .group: try checkGroup(resource.name.text, after)
        }
    }

    private func checkTopic(_ name: String, _ texts: [String: String]) throws(ControllerError) {
        if name.isEmpty { throw ControllerError(.invalidRequest, "Default topic resources are not allowed.") }
        if let problem = TopicName.problem(with: name) { throw ControllerError(.invalidTopicException, problem) }
        do {
            try controller.topicSettings.check(texts.map { ($0.key, $0.value) })
        } catch {
            throw ControllerError(.invalidConfig, error.message)
        }
        guard image.topics.id(of: name) != nil else {
            throw ControllerError(.unknownTopicOrPartition, "The topic '\(name)' does not exist.")
        }
    }

    private func checkBroker(
        _ resource: ConfigurationResource, from before: [String: String], to after: [String: String]
    ) throws(ControllerError) {
        let isForAll = resource == .allBrokers
        do {
            try controller.liveSettings.check(after, isForAllBrokers: isForAll)
        } catch {
            throw ControllerError(.invalidRequest, error.message)
        }
        // Who may lead after a failure depends on this number, so it must be one for all brokers.
        let key = TopicKey.minInSyncReplicas.name
        guard (image.features[FinalizedFeatures.eligibleLeaderReplicas] ?? 0) > 0 else { return }
        if !isForAll, after[key] != before[key] {
            throw ControllerError(
                .invalidConfig, "Broker-level \(key) cannot be altered while ELR is enabled.")
        }
        if isForAll, before[key] != nil, after[key] == nil {
            throw ControllerError(.invalidConfig, "Cluster-level \(key) cannot be removed while ELR is enabled.")
        }
    }

    private func checkClientMetrics(_ name: String, _ texts: [String: String]) throws(ControllerError) {
        if name.isEmpty { throw ControllerError(.invalidRequest, "Subscription name can't be empty") }
        do {
            try ClientMetricsSettings.check(texts)
        } catch {
            switch error {
            case .request(let message): throw ControllerError(.invalidRequest, message)
            case .value(let message): throw ControllerError(.invalidConfig, message)
            }
        }
    }

    private func checkGroup(_ name: String, _ texts: [String: String]) throws(ControllerError) {
        if name.isEmpty { throw ControllerError(.invalidRequest, "Default group resources are not allowed.") }
        do {
            try GroupSettings(controller.liveSettings).check(texts)
        } catch {
            throw ControllerError(.invalidConfig, error.message)
        }
    }
}
