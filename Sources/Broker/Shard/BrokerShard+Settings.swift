import Configuration
import Metadata

/// Settings of the broker made at run time.
extension BrokerShard {
    /// Takes up what this broker runs by now, where something of it changed.
    func applySettings(_ changed: Set<ConfigurationResource>) {
        guard changed.contains(.allBrokers) || changed.contains(.broker(context.nodeID)) else { return }
        let live = image.liveSettings(context.configuration.settings, brokerId: context.nodeID)
        configuration = context.configuration.altered(by: live)
        if index == 0 { limits.network = configuration.network }
    }

    /// Takes up the quotas, for connections that are there as well.
    func applyQuotas() {
        quotas.update(image)
        if index == 0 { limits.quotas = quotas.table }
    }

    /// Whether the log directory takes no new partitions (`cordoned.log.dirs`).
    func isCordoned(_ directory: Int) -> Bool {
        let cordoned = configuration.logs.cordonedDirectories
        return cordoned == ["*"] || cordoned.contains(context.directories[directory].path)
    }
}
