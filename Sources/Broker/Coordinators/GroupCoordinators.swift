import GroupCoordinator
import Logging
import Re2Patterns

/// The coordinators of groups that this shard runs, and the way to those of others.
struct GroupCoordinators {
    /// By partition of `__consumer_offsets`.
    var running: [Int32: LocalCoordinator<GroupMachine>] = [:]
    /// Coordinators with records to append in this tick.
    var decided: [any AnyLocalCoordinator] = []
    let patterns = Re2Patterns()
    /// What is told of groups.
    var log = LimitedLogger(Logger(label: "group"))
    /// Coordinators that read their state.
    var load = CoordinatorLoad()
}
