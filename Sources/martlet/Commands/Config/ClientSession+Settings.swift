import CommandLine
import KafkaClientCore

extension ClientSession {
    /// Calls `body` once the broker that answers for `resource` is known; ends the command where there is none.
    func reach(_ resource: ConfigurationResource, _ body: @escaping () -> Void) {
        switch resource {
        case .topic, .group, .brokerDefaults: body()
        case .broker(let id), .brokerLoggers(let id):
            client.describeCluster(topics: []) { result in
                switch result {
                case .failure(let error): self.fail(error)
                case .success(let cluster) where cluster.brokers[id] == nil:
                    let known = cluster.brokers.keys.sorted().map { "\($0)" }.joined(separator: ", ")
                    self.fail(ClientError(.leaderUnavailable, "there is no broker \(id); there are: \(known)"))
                case .success: body()
                }
            }
        }
    }

    /// Changes settings, says so, and ends the command.
    func alter(_ resource: ConfigurationResource, _ changes: [SettingChange]) {
        reach(resource) {
            self.client.alterSettings(of: resource, changes) { result in
                switch result {
                case .failure(let error):
                    self.report(error, changing: changes.map(\.name), of: resource)
                    self.finish(.failure)
                case .success:
                    self.report(changes, of: resource)
                    self.finish()
                }
            }
        }
    }
}

extension SettingChange {
    /// A line that says that it was made.
    func report(for resource: ConfigurationResource) -> String {
        value.map { "set \(name)=\($0) for \(resource)\n" } ?? "unset \(name) for \(resource)\n"
    }
}
