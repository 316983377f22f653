import CommandLine
import Configuration
import KafkaClientCore

extension ConfigurationResource {
    /// Names of what can be set for it, as far as they are the same for every broker.
    private var knownSettings: [String] {
        switch self {
        case .topic: TopicKey.allCases.map(\.name)
        case .group: GroupKey.all.map(\.name)
        case .broker, .brokerDefaults: BrokerKeys.all.map(\.name)
        case .brokerLoggers: []
        }
    }

    /// `Did you mean retention.ms?`; nil unless some of the names are not known, and others are near.
    func suggestion(for names: [String]) -> String? {
        let known = knownSettings
        let meant = names.filter { !known.contains($0) }.compactMap { nearest(to: $0, among: known) }
        return meant.isEmpty ? nil : "Did you mean \(meant.joined(separator: ", "))?"
    }
}

extension ClientSession {
    /// Says why settings were refused, and how a name may have been meant.
    func report(_ error: ClientError, changing names: [String], of resource: ConfigurationResource) {
        report(error)
        guard case .broker = error.code, let suggestion = resource.suggestion(for: names) else { return }
        terminal.writeError("\(suggestion)\n")
    }

    /// Says what was changed, and how a name may have been meant: a broker takes any of its own, and lets go of any.
    func report(_ changes: [SettingChange], of resource: ConfigurationResource) {
        write(changes.map { $0.report(for: resource) }.joined())
        guard let suggestion = resource.suggestion(for: changes.map(\.name)) else { return }
        terminal.writeError("There is no such setting. \(suggestion)\n")
    }
}
