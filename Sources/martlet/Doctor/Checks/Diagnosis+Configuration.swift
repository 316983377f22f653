import CommandLine
import Configuration

/// Settings that are wrong, or do not go together.
extension Diagnosis {
    mutating func examine(_ problems: ConfigurationProblems) {
        for problem in problems.problems { report(problem, .error, "The broker does not start.") }
    }

    mutating func examine(_ configuration: BrokerConfiguration) {
        let written = configuration.settings.written
        observe("settings", written.isEmpty ? "defaults only" : "\(written.count) given, the others by default")
        for warning in configuration.warnings {
            switch warning.kind {
            case .unknownKey: report(warning, .warning, "It changes nothing.")
            case .unused: report(warning, .note, "It changes nothing.")
            case .unsuitable: report(warning, .warning, "The broker may not do what was meant.")
            }
        }
        let said = configuration.warnings.map(\.key)
        examineUnused(written.keys.filter { !said.contains($0) }.sorted())
        examineReplication(configuration)
        examineRetention(configuration)
        examineSizes(configuration)
        examineDurability(configuration)
    }

    private mutating func report(_ problem: ConfigurationProblem, _ severity: Finding.Severity, _ why: String) {
        let code =
            switch problem.kind {
            case .unknownKey: "settings.unknown"
            case .unused: "settings.unused"
            case .unsuitable: severity == .error ? "settings.invalid" : "settings.doubtful"
            }
        find(severity, code, problem.description, why: why, fix: Diagnosis.fix(of: problem))
    }

    private static func fix(of problem: ConfigurationProblem) -> String {
        let place =
            switch problem.origin {
            case .file(let path, let line): "in line \(line) of \(path)"
            case .environment(let variable): "in the environment (\(variable))"
            case .argument(let option): "at \(option)"
            case .runTime, .defaultValue: "of \(problem.key)"
            }
        switch problem.kind {
        case .unused: return "leave it out \(place), or leave it there"
        case .unsuitable: return "put it right \(place); docs/CONFIGURATION.md has every key"
        case .unknownKey: break
        }
        return problem.suggestion.map { "make it \($0) \(place)" } ?? "take it out \(place)"
    }

    private mutating func examineUnused(_ names: [String]) {
        let unused = names.filter { BrokerKeys.key($0)?.hasEffect == false }
        guard !unused.isEmpty else { return }
        find(
            .note, "settings.unused", "without effect here: \(unused.joined(separator: ", "))",
            why: "These are Kafka's; they are checked, shown, and change nothing.", fix: "leave them out, or leave them"
        )
    }

    private mutating func examineReplication(_ configuration: BrokerConfiguration) {
        let factor = Int(configuration.topics.replicationFactor)
        let minimum = configuration.topics.defaults.minInSyncReplicas
        if factor > 1 {
            find(
                .error, "settings.replication", "default.replication.factor is \(factor), and there is one broker",
                why: "A topic that does not say how many replicas it has cannot be created.",
                fix: "--set default.replication.factor=1")
        }
        if minimum > factor {
            find(
                .error, "settings.insync", "min.insync.replicas is \(minimum), with \(counted(factor, "replica"))",
                why: "Every producer with acks=all is refused: there can never be enough.",
                fix: "--set min.insync.replicas=\(factor)")
        }
    }

    private mutating func examineRetention(_ configuration: BrokerConfiguration) {
        let defaults = configuration.topics.defaults
        if let kept = defaults.retentionBytes, kept < Int64(defaults.segmentBytes) {
            find(
                .warning, "settings.segment",
                "log.retention.bytes (\(kept)) is less than log.segment.bytes (\(defaults.segmentBytes))",
                why:
                    "Only whole segments are deleted: a partition keeps up to \(byteCountText(Int64(defaults.segmentBytes))) more.",
                fix: "--set log.segment.bytes=\(max(kept / 4, 1 << 20))")
        }
        let interval = configuration.logs.retentionCheckInterval
        if let kept = defaults.retentionMilliseconds, kept < interval {
            find(
                .warning, "settings.check",
                "records are kept for \(kept) ms, and looked at every \(interval) ms",
                why: "They stay until somebody looks.", fix: "--set log.retention.check.interval.ms=\(max(kept, 1_000))"
            )
        }
        if defaults.cleanupPolicy == .delete, defaults.retentionBytes == nil, defaults.retentionMilliseconds == nil {
            find(
                .warning, "settings.forever", "nothing is ever deleted: neither time nor bytes limit a topic",
                why: "The disk fills until producers are refused.", fix: "--set log.retention.hours=168")
        }
    }

    private mutating func examineSizes(_ configuration: BrokerConfiguration) {
        let batch = configuration.topics.defaults.maxMessageBytes
        let request = configuration.network.maximumRequestBytes
        if batch > request {
            find(
                .error, "settings.message.request",
                "message.max.bytes (\(batch)) is more than socket.request.max.bytes (\(request))",
                why: "The connection of a producer that sends such a batch is closed, again and again.",
                fix: "--set message.max.bytes=\(request - request / 16)")
        }
        if configuration.logs.verifiesCompressed, batch > configuration.logs.maximumDecompressedBytes {
            find(
                .warning, "settings.message.decompressed",
                "message.max.bytes (\(batch)) is more than a batch may unpack to",
                why: "Batches of that size are refused when they are compressed.",
                fix: "--set martlet.produce.maximum.decompressed.bytes=\(batch)")
        }
        let replica = Int(clamping: configuration.settings.value(of: "replica.fetch.max.bytes")?.integer ?? .max)
        // Kafka's defaults differ by what stands before a batch.
        if batch - 12 > replica {
            find(
                .note, "settings.message.replica",
                "message.max.bytes (\(batch)) is more than replica.fetch.max.bytes (\(replica))",
                why: "Followers would copy such batches one by one.", fix: "--set replica.fetch.max.bytes=\(batch)")
        }
    }

    private mutating func examineDurability(_ configuration: BrokerConfiguration) {
        let messages = configuration.topics.defaults.flushMessages
        guard messages > 1 else { return }
        find(
            .note, "settings.durability",
            "log.flush.interval.messages is \(messages): records are acknowledged unsynced",
            why: "A power cut may take the newest of them, as with Kafka's own default.",
            fix: "--set log.flush.interval.messages=1, or flush.messages=1 for the topics that matter")
    }
}
