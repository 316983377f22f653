import CommandLine
import KafkaClientCore

struct ClusterCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "cluster", abstract: "Show the cluster: brokers, features, log directories and their sizes",
            discussion: """
                A log directory that is out of use makes the command end with 1, after all has been shown: fit for a \
                check by machines.
                """,
            examples: [
                Example("the cluster of a broker", "martlet cluster --bootstrap localhost:9092"),
                Example("as one JSON object", "martlet cluster --json"),
            ], seeAlso: ["martlet topic list", "martlet config get"])
    }

    @Flag(help: "Write a JSON object.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.describeCluster(topics: []) { result in
                switch result {
                case .failure(let error): session.fail(error)
                case .success(let cluster): askFurther(cluster, session)
                }
            }
        }
    }

    private func askFurther(_ cluster: ClusterMetadata, _ session: ClientSession) {
        session.client.describeFeatures { result in
            switch result {
            case .failure(let error): session.fail(error)
            case .success(let features):
                let brokers = cluster.brokers.values.sorted { $0.nodeId < $1.nodeId }
                let report = ClusterReport(
                    id: cluster.clusterId, controller: cluster.controllerId, brokers: brokers, features: features)
                addDirectories(of: brokers[...], to: report, session)
            }
        }
    }

    /// Asks one broker after another; one that does not answer does not keep the others from being shown.
    private func addDirectories(
        of brokers: ArraySlice<ClusterMetadata.Broker>, to report: ClusterReport, _ session: ClientSession
    ) {
        guard let broker = brokers.first else { return show(report, session) }
        session.client.describeLogDirectories(of: broker.nodeId) { result in
            var report = report
            report.directories[broker.nodeId] = result
            addDirectories(of: brokers.dropFirst(), to: report, session)
        }
    }

    private func show(_ report: ClusterReport, _ session: ClientSession) {
        session.write(json ? report.json : Array(report.text(session.terminal.outputStyle).utf8))
        for problem in report.problems { session.report(problem) }
        session.finish(report.problems.isEmpty ? .success : .failure)
    }
}
