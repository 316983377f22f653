import KafkaClientCore
import KafkaProtocol
import Runtime

/// A running cluster.
extension Diagnosis {
    mutating func examine(_ cluster: ClusterFacts) {
        let asked = cluster.bootstrap.map(\.description).joined(separator: ",")
        if let failure = cluster.failure {
            observe("cluster", "\(asked): no answer")
            find(
                .error, "cluster.unreachable", "\(failure)", why: "No client that starts at \(asked) gets anywhere.",
                fix: """
                    start a broker there (martlet server --listen HOST:PORT), or see what is in the way: \
                    nc -vz \(cluster.bootstrap[0].host) \(cluster.bootstrap[0].port)
                    """)
            return
        }
        observe(
            "cluster",
            """
            \(cluster.id ?? "without id"), \(counted(cluster.nodes.count, "broker")), \
            \(counted(cluster.partitions.count, "partition"))
            """)
        for node in cluster.nodes {
            examineAddress(of: node, in: cluster)
            examineDirectories(of: node)
            examineLogs(of: node)
        }
        examineVersions(cluster.nodes)
        examine(cluster.partitions)
        if let skew = cluster.skew { examine(skew) }
    }

    private mutating func examineAddress(of node: ClusterFacts.Node, in cluster: ClusterFacts) {
        let name = "broker \(node.id)"
        let fix =
            "start \(name) with --advertise NAME:PORT (advertised.listeners), an address that leads to it from everywhere"
        let isReached = node.failure == nil
        observe("broker", "\(node.id) at \(node.endpoint)\(isReached ? "" : ": no answer")")
        if let failure = node.failure {
            find(
                .error, "broker.unreachable", "\(name) tells clients to come to \(node.endpoint), where nobody answers",
                why: "Clients that were told so cannot use its partitions: \(failure).", fix: fix)
        } else if let other = node.clusterId, other != cluster.id {
            find(
                .error, "broker.other", "at \(node.endpoint), which \(name) tells clients, another cluster answers",
                why: "Records go to, and come from, cluster \(other).", fix: fix)
        } else if node.isItself == false {
            find(
                .error, "broker.other", "at \(node.endpoint), which \(name) tells clients, another broker answers",
                why: "Each request for its partitions is refused there.", fix: fix)
        } else if node.endpoint.isLoopback, !cluster.bootstrap.contains(where: \.isLoopback) {
            find(
                .error, "broker.loopback",
                "\(name) tells clients to come to \(node.endpoint), each machine's own address",
                why: "It leads back to this broker on its own machine only.", fix: fix)
        }
    }

    private mutating func examineDirectories(of node: ClusterFacts.Node) {
        if let failure = node.directoryFailure {
            find(
                .warning, "broker.directories", "\(failure)", why: "Its disks could not be looked at.",
                fix: "martlet cluster --bootstrap \(node.endpoint)")
        }
        for directory in node.directories {
            let name = "\(directory.path) of broker \(node.id)"
            if let error = directory.error {
                find(
                    .error, "broker.directory.offline", "\(name) is out of use (\(error))",
                    why:
                        "After an error of the disk nothing in it can be trusted to a retry: its partitions are not served.",
                    fix: "see the broker's log and dmesg, mend the disk, and start the broker again")
            } else if let space = directory.space, space.total > 0, space.usable < space.total / 20 {
                find(
                    directory.isFull ? .error : .warning, "broker.directory.space",
                    "\(byteCountText(space.usable)) of \(byteCountText(space.total)) are free for \(name)",
                    why: "When the disk is full, producers are refused.",
                    fix: "make room there, or have topics keep less: martlet config set --topic NAME retention.ms=N")
            }
        }
    }

    private mutating func examineLogs(of node: ClusterFacts.Node) {
        guard node.closedLogs > 0 else { return }
        let full = node.directories.filter(\.isFull).map(\.path)
        let cause = full.isEmpty ? "" : ": no room in \(full.joined(separator: ", "))"
        find(
            .error, "broker.logs.closed",
            "\(grouped(node.closedLogs)) of \(counted(node.replicaCount, "log")) of broker \(node.id) are not open\(cause)",
            why: "Who writes to these partitions or reads them gets KAFKA_STORAGE_ERROR.",
            fix: full.isEmpty
                ? "see in the broker's log why they cannot be opened"
                : "make room there (martlet topic delete NAME): the broker opens them by itself within seconds")
    }

    private mutating func examineVersions(_ nodes: [ClusterFacts.Node]) {
        let reached = nodes.filter { !$0.features.isEmpty }
        guard let first = reached.first else { return }
        let others = reached.filter { $0.features.supported != first.features.supported }
        guard !others.isEmpty else { return }
        let ids = others.map { "\($0.id)" }.joined(separator: ", ")
        find(
            .warning, "cluster.versions", "brokers can do different things: \(ids) others than \(first.id)",
            why: "They run different versions; what the oldest cannot do has to stay off.",
            fix: "bring all brokers to the same version, then raise the features")
    }

    private mutating func examine(_ partitions: ClusterFacts.Partitions) {
        if !partitions.withoutLeader.isEmpty {
            find(
                .error, "partitions.offline", "without leader: \(named(partitions.withoutLeader))",
                why: "Nobody can write to them or read them.",
                fix: "start the brokers that hold them; martlet topic describe TOPIC names these")
        }
        if !partitions.belowMinimum.isEmpty {
            find(
                .error, "partitions.minimum",
                "fewer in sync than min.insync.replicas: \(named(partitions.belowMinimum))",
                why: "Producers with acks=all are refused.",
                fix: "start the brokers that are missing, or martlet config set --topic NAME min.insync.replicas=1")
        }
        if !partitions.behind.isEmpty {
            find(
                .warning, "partitions.behind", "not all replicas are in sync: \(named(partitions.behind))",
                why: "Records on them have fewer copies than was asked for.",
                fix: "start the brokers that are missing; martlet topic describe TOPIC names them")
        }
    }

    private mutating func examine(_ skew: ClusterFacts.Skew) {
        let sure = abs(skew.ahead) - skew.uncertainty
        guard sure > 1_000 else { return }
        let direction = skew.ahead > 0 ? "ahead of" : "behind"
        find(
            .warning, "cluster.clock",
            "the clock of broker \(skew.controller) is \(abs(skew.ahead)) ms \(direction) this machine's",
            why: "Times of records, retention and look-ups by time are off by as much for one of them.",
            fix: "have both clocks kept right: sudo apt install chrony, then chronyc tracking")
    }

    /// The first few names, and how many more there are.
    private func named(_ partitions: [String]) -> String {
        let shown = partitions.prefix(5).joined(separator: ", ")
        return partitions.count > 5 ? "\(shown) and \(grouped(partitions.count - 5)) more" : shown
    }
}

extension DescribedLogDirectory {
    fileprivate var isFull: Bool { space.map { $0.usable < 64 << 20 } ?? false }
}

extension BrokerEndpoint {
    fileprivate var isLoopback: Bool {
        host == "localhost" || SocketAddress(host, port: port)?.isLoopback == true
    }
}

extension [ClusterFeature] {
    fileprivate var supported: [String: ClosedRange<Int16>] {
        reduce(into: [:]) { ranges, feature in ranges[feature.name] = feature.supported }
    }
}
