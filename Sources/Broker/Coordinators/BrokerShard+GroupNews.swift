import GroupCoordinator
import Logging
import Runtime

/// What the log is told of groups and of the coordinators that look after them.
extension BrokerShard {
    /// Generations are news; who comes and goes is told at debug level.
    func tell(_ news: GroupNews) {
        let event = news.event
        switch event.kind {
        case .rebalanceEnded:
            groups.log.info("rebalanced", at: loop.nowMs, metadata: news.described(by: "because", news.cause))
        case .converted, .deleted:
            groups.log.info("\(event.kind.rawValue)", at: loop.nowMs, metadata: news.described(by: "how", event.reason))
        case .joined, .refused, .left, .evicted, .fenced, .rebalanceStarted, .assigned:
            groups.log.logger.debug(
                "\(event.kind.rawValue)", metadata: news.described(by: "because", event.reason))
        }
    }

    /// A coordinator has read its state, or is not here any more.
    ///
    /// - Parameter found: how many groups; nil where it has not read them.
    func coordinatorLoadEnded(_ found: Int?) {
        groups.load.ended(groups: found)
        tellCoordinatorsLoaded()
    }

    /// Tells of those that were loaded, when no more are opened.
    func tellCoordinatorsLoaded() {
        guard openings.isIdle, let load = groups.load.takeFinished() else { return }
        groups.log.logger.info(
            "loaded coordinators",
            metadata: [
                "shard": .init(index), "partitions": .init(load.partitions), "groups": .init(load.groups),
                "seconds": .seconds(loop.now - load.began),
            ])
    }
}

/// Coordinators that are loaded one soon after the other, to be told of together.
struct CoordinatorLoad {
    private(set) var began: MonotonicTime
    private(set) var partitions = 0
    private(set) var groups = 0
    private var underWay = 0

    init() { began = .distantFuture }

    mutating func begin(at now: MonotonicTime) {
        began = min(began, now)
        underWay += 1
    }

    /// - Parameter found: nil where it was not loaded after all.
    mutating func ended(groups found: Int?) {
        underWay -= 1
        if let found {
            partitions += 1
            groups += found
        }
    }

    /// All that were loaded since the last time; nil while some are being loaded.
    mutating func takeFinished() -> CoordinatorLoad? {
        guard underWay == 0, partitions > 0 else { return nil }
        defer { self = CoordinatorLoad() }
        return self
    }
}

extension GroupNews {
    fileprivate func described(by key: String, _ reason: String?) -> LogMetadata {
        var metadata: LogMetadata = [
            "group": "\(group)", "generation": .init(event.generation), "members": .init(members),
        ]
        if let member = event.member {
            metadata["member"] = "\(member.id)"
            metadata["instance"] = member.instanceID.map { "\($0)" }
            metadata["client"] = "\(member.clientID)"
            metadata["host"] = "\(member.host)"
        }
        metadata[key] = reason.map { "\($0)" }
        return metadata
    }
}

extension LogValue {
    /// With milliseconds.
    static func seconds(_ interval: Interval) -> LogValue { .double(Double(interval.milliseconds) / 1_000) }
}
