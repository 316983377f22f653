import Bytes
import Configuration
import Logging
import Metadata

/// Tells the log what a change of the metadata did: topics, settings, quotas.
struct MetadataNews {
    /// Bytes of a value; those of clients may be as long as a request.
    private static let textLimit = 256

    private var log: LimitedLogger

    init(_ logger: Logger) { log = LimitedLogger(logger) }

    /// - Parameter now: milliseconds of a clock that does not go back.
    mutating func tell(_ delta: ClusterDelta, at now: Int64) {
        guard log.logger.isEnabled(.info) else { return }
        for (id, name) in delta.removedTopics.sorted(by: { $0.value < $1.value }) {
            log.info(
                "deleted topic", at: now,
                metadata: [
                    "topic": "\(name)", "partitions": LogValue(delta.base.topics[id]?.partitions.count ?? 0),
                ])
        }
        for id in delta.changedTopics {
            guard let topic = delta.image.topics[id] else { continue }
            tell(topic, before: delta.base.topics[id], delta, at: now)
        }
        for resource in delta.changedConfigurations { tell(resource, delta, at: now) }
        if delta.clientQuotasChanged { tellQuotas(delta, at: now) }
    }

    /// Tells of what there was no room for in the last second. To be called now and then.
    mutating func settle(at now: Int64) { log.settle(at: now) }

    private mutating func tell(_ topic: TopicImage, before: TopicImage?, _ delta: ClusterDelta, at now: Int64) {
        let count = topic.partitions.count
        guard let before else {
            return log.info(
                "created topic", at: now,
                metadata: MetadataNews.creation(of: topic, delta.image.configuration(of: .topic(topic.name))))
        }
        guard count > before.partitions.count else { return }
        log.info(
            "added partitions", at: now,
            metadata: [
                "topic": "\(topic.name)", "partitions": LogValue(count), "before": LogValue(before.partitions.count),
            ])
    }

    private static func creation(of topic: TopicImage, _ settings: [String: String]) -> LogMetadata {
        var metadata: LogMetadata = [
            "topic": "\(topic.name)", "id": "\(topic.id)", "partitions": LogValue(topic.partitions.count),
        ]
        if !settings.isEmpty { metadata["settings"] = "\(changes(from: [:], to: settings, in: .topic))" }
        return metadata
    }

    /// The settings of a topic that came or went with it are told with it, or not at all.
    private mutating func tell(_ resource: ConfigurationResource, _ delta: ClusterDelta, at now: Int64) {
        if resource.kind == .topic {
            let name = resource.name.text
            guard let id = delta.image.topics[name]?.id, delta.base.topics[id] != nil else { return }
        }
        let (old, new) = (delta.base.configuration(of: resource), delta.image.configuration(of: resource))
        guard old != new else { return }
        log.info(
            "changed configuration", at: now,
            metadata: [
                "resource": "\(resource.kind.name)",
                "name": "\(resource.name.text.isEmpty ? "(default)" : MetadataNews.clip(resource.name.text))",
                "settings": "\(MetadataNews.changes(from: old, to: new, in: resource.kind))",
            ])
    }

    /// `retention.ms=1000, segment.bytes removed`, without values that are secrets.
    private static func changes(
        from old: [String: String], to new: [String: String], in kind: ConfigurationResource.Kind
    ) -> String {
        Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }.map { key in
            guard let value = new[key] else { return "\(clip(key)) removed" }
            let isSecret = kind == .broker && BrokerKeys.isSensitive(key)
            return "\(clip(key))=\(isSecret ? "[hidden]" : clip(value))"
        }.joined(separator: ", ")
    }

    private mutating func tellQuotas(_ delta: ClusterDelta, at now: Int64) {
        let (old, new) = (delta.base, delta.image)
        let entities = Set(old.allClientQuotas.map(\.entity)).union(new.allClientQuotas.map(\.entity))
        for entity in entities where old.quotas(of: entity) != new.quotas(of: entity) {
            let (before, after) = (old.quotas(of: entity), new.quotas(of: entity))
            let whose = entity.parts.map {
                "\($0.kind.name)=\($0.name.map { MetadataNews.clip($0.text) } ?? "(default)")"
            }
            let changed = Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }
            let quotas = changed.map { key in after[key].map { "\(key)=\($0)" } ?? "\(key) removed" }
            log.info(
                "changed quotas", at: now,
                metadata: [
                    "entity": "\(whose.joined(separator: ", "))", "quotas": "\(quotas.joined(separator: ", "))",
                ])
        }
    }

    private static func clip(_ text: String) -> String {
        text.utf8.count <= textLimit ? text : String(decoding: text.utf8.prefix(textLimit), as: UTF8.self) + "…"
    }
}

extension ConfigurationResource.Kind {
    /// The word for people.
    fileprivate var name: String {
        switch self {
        case .topic: "topic"
        case .broker: "broker"
        case .clientMetrics: "client-metrics"
        case .group: "group"
        }
    }
}
