import CommandLine
import KafkaClientCore
import KafkaProtocol
import Runtime

/// Asks a cluster all that a diagnosis wants to know, one question after another. What is not answered stays unknown.
final class ClusterExamination {
    private let session: ClientSession
    private let configuration: ClientConfiguration
    private var facts: ClusterFacts
    /// Clients that know one broker only, by the address that the others tell.
    private var clients: [Client] = []

    private init(_ session: ClientSession, _ configuration: ClientConfiguration) {
        self.session = session
        self.configuration = configuration
        facts = ClusterFacts(bootstrap: configuration.bootstrapServers)
    }

    /// - Parameter timeout: seconds for each question.
    static func facts(_ bootstrap: BootstrapServers, timeout: Int) throws -> ClusterFacts {
        let options = ConnectionOptions()
        options.bootstrap = bootstrap
        options.timeout = timeout
        var examination: ClusterExamination?
        try ClientSession.run(options) { session in
            let started = ClusterExamination(session, options.clientConfiguration)
            examination = started
            started.start()
        }
        return examination?.facts ?? ClusterFacts(bootstrap: bootstrap.endpoints)
    }

    private func start() {
        session.client.describeCluster { result in
            switch result {
            case .failure(let error):
                self.facts.failure = error
                self.end()
            case .success(let cluster):
                self.facts.id = cluster.clusterId
                self.facts.nodes = cluster.brokers.values.sorted { $0.nodeId < $1.nodeId }.map {
                    var node = ClusterFacts.Node(id: $0.nodeId, endpoint: $0.endpoint)
                    node.replicaCount = cluster.replicaCount(of: node.id)
                    return node
                }
                self.askMinimums(cluster)
            }
        }
    }

    private func end() {
        for client in clients { client.close() }
        session.finish()
    }

    private func askMinimums(_ cluster: ClusterMetadata) {
        let topics = cluster.topics.keys.sorted()
        let resources = topics.map { ConfigurationResource.topic($0) }
        session.client.describeSettings(of: resources, names: ["min.insync.replicas"]) { results in
            var minimums: [String: Int] = [:]
            for (topic, result) in zip(topics, results) {
                if case .success(let settings) = result, let text = settings.first?.value {
                    minimums[topic] = Int(text)
                }
            }
            self.facts.partitions = ClusterFacts.Partitions(cluster, minimums: minimums)
            self.askTime()
        }
    }

    private func askTime() {
        let (sentAt, sentTime) = (MonotonicTime.current(), session.shard.wallClockMs)
        session.client.controllerTime { result in
            if case .success(let answer?) = result {
                let half = (MonotonicTime.current() - sentAt).milliseconds / 2
                self.facts.skew = ClusterFacts.Skew(
                    controller: answer.controller, ahead: answer.time - (sentTime + half), uncertainty: half + 2)
            }
            self.askNode(0)
        }
    }

    private func askNode(_ index: Int) {
        guard index < facts.nodes.count else { return end() }
        var configuration = configuration
        configuration.bootstrapServers = [facts.nodes[index].endpoint]
        let client = Client(loop: session.loop, configuration: configuration, seed: .random(in: 0 ... .max))
        clients.append(client)
        // Whoever answers at the address: the client knows no other one yet.
        client.describeFeatures { result in
            switch result {
            case .failure(let error):
                self.facts.nodes[index].failure = error
                self.askNode(index + 1)
            case .success(let features):
                self.facts.nodes[index].features = features
                self.askIdentity(index, client)
            }
        }
    }

    private func askIdentity(_ index: Int, _ client: Client) {
        client.describeCluster(topics: []) { result in
            if case .success(let cluster) = result { self.facts.nodes[index].clusterId = cluster.clusterId }
            guard self.facts.nodes[index].clusterId == self.facts.id else { return self.askNode(index + 1) }
            self.askSettings(index, client)
        }
    }

    /// A broker refuses to describe another one's settings.
    private func askSettings(_ index: Int, _ client: Client) {
        let id = facts.nodes[index].id
        client.describeSettings(of: [.broker(id)], names: ["node.id"]) { results in
            switch results.first {
            case .success?: self.facts.nodes[index].isItself = true
            case .failure(let error)? where error.code == .broker(.invalidRequest):
                self.facts.nodes[index].isItself = false
            case .failure?, nil: break
            }
            client.describeLogDirectories(of: id) { result in
                switch result {
                case .success(let directories): self.facts.nodes[index].directories = directories
                case .failure(let error): self.facts.nodes[index].directoryFailure = error
                }
                self.askNode(index + 1)
            }
        }
    }
}

extension ClusterMetadata {
    fileprivate func replicaCount(of node: Int32) -> Int {
        topics.values.reduce(0) { count, topic in count + topic.partitions.count { $0.replicas.contains(node) } }
    }
}
