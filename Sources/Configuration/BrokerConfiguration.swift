/// What a broker runs by, typed. Sizes are bytes, times milliseconds.
public struct BrokerConfiguration: Sendable {
    /// The text and origin of every key behind this.
    public let settings: BrokerSettings
    /// What a person should be told at the start.
    public let warnings: [ConfigurationProblem]

    public let nodeId: Int32
    public let rack: String?
    public let listeners: [Listener]
    /// One for each of `listeners`; nil when none were given.
    public let advertisedListeners: [Listener]?
    /// Not empty, without repetition.
    public let logDirectories: [String]
    /// Whether a start goes on without a log directory that this broker had.
    public let acceptsLostDirectories: Bool
    /// nil: by the machine's cores.
    public let shardCount: Int?

    public let topics: Topics
    public private(set) var logs: Logs
    public private(set) var compaction: Compaction
    public private(set) var network: Network
    public private(set) var quotas: Quotas
    public let observability: Observability

    /// New topics, and what every topic begins with.
    public struct Topics: Sendable {
        public let partitionCount: Int32
        public let replicationFactor: Int16
        public let autoCreates: Bool
        public let deletes: Bool
        /// A topic's configuration before its own settings and those made at run time.
        public let defaults: TopicConfiguration
        /// How the topics that the broker keeps for itself are made, by name.
        public let internalTopics: [String: InternalTopic]
    }

    /// Background work on logs, and producers.
    public struct Logs: Sendable {
        public let retentionCheckInterval: Int64
        public let initialTaskDelay: Int64
        public let recoveryPointCheckpointInterval: Int64
        public let startOffsetCheckpointInterval: Int64
        public let producerIdExpiration: Int64
        public let producerIdExpirationCheckInterval: Int64
        public let verifiesCompressed: Bool
        public let maximumDecompressedBytes: Int
        /// Log directories that take no new partitions; `*` alone stands for all.
        public let cordonedDirectories: [String]
    }

    /// Limits of connections and requests.
    public struct Network: Sendable {
        public let maximumRequestBytes: Int
        /// nil: the system's.
        public let receiveBufferBytes: Int?
        public let listenBacklog: Int
        /// nil: connections are never closed for being idle.
        public let maximumIdle: Int64?
        public let maximumConnections: Int
        public let maximumConnectionsPerAddress: Int
        /// Other limits, by address.
        public let connectionOverrides: [String: Int]
        public let maximumConnectionRate: Int
        public let queuedRequests: Int
        /// What all connections may own in memory together.
        public let connectionMemoryBytes: Int
        /// Milliseconds; nil: a connection may be silent for as long as it may be idle.
        public let firstRequestTimeout: Int64?
        /// Milliseconds; nil: a request may come as slowly as its peer likes.
        public let requestProgressTimeout: Int64?
        public let maximumFetchBytes: Int
        public let fetchSessionSlots: Int
        public let partitionsPerDescribePage: Int
    }

    /// How quotas are measured, and what is limited without one.
    public struct Quotas: Sendable {
        /// Over how long something is measured.
        public struct Window: Sendable {
            public let samples: Int
            public let sampleSeconds: Int64
        }

        /// Clients' bytes and time, and connections.
        public let clients: Window
        /// Changes of partitions.
        public let mutations: Window
        /// Bytes by the second that moves between log directories may copy; nil for as many as they can.
        public let moveBytesPerSecond: Int64?
    }

    /// - Throws: every problem found.
    public init(_ input: ConfigurationInput = ConfigurationInput()) throws(ConfigurationProblems) {
        let settings = try BrokerSettings(input)
        var reader = ListenerReader(settings)
        let listeners = reader.listeners()
        let advertised = reader.advertisedListeners(of: listeners)
        var problems = reader.problems
        problems += BrokerConfiguration.checkRoles(settings)
        problems += BrokerConfiguration.checkTopicDefaults(settings)
        let overrides = BrokerConfiguration.connectionOverrides(settings, &problems)
        let observability = Observability(settings, &problems)
        guard problems.isEmpty else { throw ConfigurationProblems(problems: problems) }

        self.settings = settings
        self.listeners = listeners
        advertisedListeners = advertised
        warnings = settings.warnings + reader.warnings
        nodeId = BrokerConfiguration.nodeId(settings)
        rack = settings.value(of: "broker.rack")?.text
        logDirectories = BrokerConfiguration.logDirectories(settings)
        acceptsLostDirectories = settings.flag("martlet.log.dirs.accept.lost")
        shardCount = settings.value(of: "martlet.shards").map { Int($0.integer) }
        topics = Topics(settings)
        logs = Logs(settings)
        compaction = Compaction(settings)
        network = Network(settings, overrides)
        quotas = Quotas(settings)
        self.observability = observability
    }

    /// What this broker runs by after changes at run time; `settings` stays what the process was started with.
    public func altered(by live: LiveSettings) -> BrokerConfiguration {
        let now = live.inForce
        var problems: [ConfigurationProblem] = []
        var altered = self
        altered.logs = Logs(now)
        altered.compaction = Compaction(now)
        altered.network = Network(now, BrokerConfiguration.connectionOverrides(now, &problems))
        altered.quotas = Quotas(now)
        return altered
    }

    private static func nodeId(_ settings: BrokerSettings) -> Int32 {
        if settings.written["node.id"] == nil, let old = settings.value(of: "broker.id"), old.integer >= 0 {
            return Int32(clamping: old.integer)
        }
        return Int32(clamping: settings.number("node.id"))
    }

    static func logDirectories(_ settings: BrokerSettings) -> [String] {
        let several = settings.value(of: "log.dirs")?.list ?? []
        let all = several.isEmpty ? settings.value(of: "log.dir")?.list ?? [] : several
        var kept: [String] = []
        for directory in all where !directory.isEmpty && !kept.contains(directory) { kept.append(directory) }
        return kept
    }

    private static func checkRoles(_ settings: BrokerSettings) -> [ConfigurationProblem] {
        guard let roles = settings.value(of: "process.roles")?.list, !roles.contains("broker") else { return [] }
        return [
            ConfigurationProblem(
                key: "process.roles", origin: settings.origin(of: "process.roles"),
                message: "must contain broker: there is no process that only controls")
        ]
    }

    private static func checkTopicDefaults(_ settings: BrokerSettings) -> [ConfigurationProblem] {
        do {
            try TopicSettings(settings: settings).checkDefaults()
            return []
        } catch {
            let key = "log.cleaner.min.compaction.lag.ms"
            return [ConfigurationProblem(key: key, origin: settings.origin(of: key), message: error.message)]
        }
    }

    static func connectionOverrides(
        _ settings: BrokerSettings, _ problems: inout [ConfigurationProblem]
    ) -> [String: Int] {
        let key = "max.connections.per.ip.overrides"
        var limits: [String: Int] = [:]
        for element in settings.value(of: key)?.text.split(separator: ",") ?? [] {
            let text = String(element).trimmed
            guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
                let limit = Int32(text[colon...].dropFirst()), limit >= 0
            else {
                problems.append(
                    ConfigurationProblem(
                        key: key, origin: settings.origin(of: key), message: "\(text) is not address:count"))
                continue
            }
            limits[String(text[..<colon])] = Int(limit)
        }
        return limits
    }
}

extension BrokerConfiguration.Topics {
    init(_ settings: BrokerSettings) {
        partitionCount = Int32(clamping: settings.number("num.partitions"))
        replicationFactor = Int16(clamping: settings.number("default.replication.factor"))
        autoCreates = settings.flag("auto.create.topics.enable")
        deletes = settings.flag("delete.topic.enable")
        defaults = TopicSettings(settings: settings).defaults()
        internalTopics = ["__consumer_offsets": InternalTopic(offsets: settings)]
    }
}

extension BrokerConfiguration.Logs {
    init(_ settings: BrokerSettings) {
        retentionCheckInterval = settings.number("log.retention.check.interval.ms")
        initialTaskDelay = settings.number("log.initial.task.delay.ms")
        recoveryPointCheckpointInterval = settings.number("log.flush.offset.checkpoint.interval.ms")
        startOffsetCheckpointInterval = settings.number("log.flush.start.offset.checkpoint.interval.ms")
        producerIdExpiration = settings.number("producer.id.expiration.ms")
        producerIdExpirationCheckInterval = settings.number("producer.id.expiration.check.interval.ms")
        verifiesCompressed = settings.flag("martlet.produce.verify.compressed")
        maximumDecompressedBytes = Int(settings.number("martlet.produce.maximum.decompressed.bytes"))
        cordonedDirectories = settings.value(of: "cordoned.log.dirs")?.list ?? []
    }
}

extension BrokerConfiguration.Quotas {
    init(_ settings: BrokerSettings) {
        clients = Window(
            samples: Int(settings.number("quota.window.num")),
            sampleSeconds: settings.number("quota.window.size.seconds"))
        mutations = Window(
            samples: Int(settings.number("controller.quota.window.num")),
            sampleSeconds: settings.number("controller.quota.window.size.seconds"))
        let moves = settings.number("replica.alter.log.dirs.io.max.bytes.per.second")
        moveBytesPerSecond = moves == .max ? nil : max(moves, 1)
    }
}

extension BrokerConfiguration.Network {
    init(_ settings: BrokerSettings, _ overrides: [String: Int]) {
        maximumRequestBytes = Int(settings.number("socket.request.max.bytes"))
        receiveBufferBytes = settings.limit("socket.receive.buffer.bytes").map { Int($0) }
        listenBacklog = Int(settings.number("socket.listen.backlog.size"))
        maximumIdle = settings.limit("connections.max.idle.ms")
        maximumConnections = Int(settings.number("max.connections"))
        maximumConnectionsPerAddress = Int(settings.number("max.connections.per.ip"))
        connectionOverrides = overrides
        maximumConnectionRate = Int(settings.number("max.connection.creation.rate"))
        queuedRequests = Int(settings.number("queued.max.requests"))
        connectionMemoryBytes = settings.limit("queued.max.request.bytes").map { max(Int($0), 1) } ?? 320 << 20
        firstRequestTimeout = settings.limit("martlet.connection.first.request.timeout.ms")
        requestProgressTimeout = settings.limit("martlet.connection.request.progress.timeout.ms")
        maximumFetchBytes = Int(settings.number("fetch.max.bytes"))
        fetchSessionSlots = Int(settings.number("max.incremental.fetch.session.cache.slots"))
        partitionsPerDescribePage = Int(settings.number("max.request.partition.size.limit"))
    }
}

extension BrokerSettings {
    /// The value of a key of whole numbers that has a default.
    func number(_ name: String) -> Int64 {
        guard let value = value(of: name) else { preconditionFailure("\(name) has no default") }
        return value.integer
    }

    /// The same, of which negative numbers mean no limit.
    fileprivate func limit(_ name: String) -> Int64? {
        let number = number(name)
        return number < 0 ? nil : number
    }

    /// The value of a truth key that has a default.
    fileprivate func flag(_ name: String) -> Bool {
        guard let value = value(of: name) else { preconditionFailure("\(name) has no default") }
        return value.boolean
    }
}
