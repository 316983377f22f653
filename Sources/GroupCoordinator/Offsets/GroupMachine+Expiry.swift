import Bytes
import Coordination

/// When offsets that nobody needs any more go.
extension GroupMachine {
    /// A look at all groups; the next one comes by the clock. Each offset goes by itself: all of them may be more than one batch
    /// takes.
    mutating func expireOffsets(_ effects: inout Effects<GroupMachine>) {
        effects.schedule(.offsetExpiry, after: rules.offsetExpiryInterval)
        for (name, group) in groups.current {
            for (topic, partitions) in offsets.groups[name] ?? [:] {
                if group.isSubscribed(to: topic), !group.isEmpty { continue }
                for (partition, offset) in partitions where isExpired(offset, of: group, at: effects.now.wall) {
                    effects.separate()
                    deleteOffset(name, topic, partition, &effects)
                }
            }
            effects.separate()
            if group.isEmpty, !offsets.has(name), isDisposable(group) { remove(name, group, &effects) }
        }
    }

    private func isExpired(_ offset: CommittedOffset, of group: Group, at now: Int64) -> Bool {
        guard let base = group.expiryBase(of: offset) else { return false }
        if offset.expireTimestamp >= 0 { return now >= offset.expireTimestamp }
        let (expiry, overflow) = base.addingReportingOverflow(rules.offsetRetention)
        return !overflow && now >= expiry
    }

    /// A group that never was more than a place for offsets, or was left by everybody, goes with its last offset.
    private func isDisposable(_ group: Group) -> Bool {
        switch group {
        case .classic(let group): group.pendingMembers.isEmpty
        case .consumer: true
        }
    }
}

extension Group {
    /// The moment from which the retention of an offset runs; nil while it stays in any case.
    ///
    /// While a group has members, by the commit; once it is empty, by the later of commit and the last member's leaving.
    func expiryBase(of offset: CommittedOffset) -> Int64? {
        switch self {
        case .classic(let group):
            if group.protocolType == nil { return offset.commitTimestamp }
            if group.state == .empty {
                return max(group.stateTimestamp ?? offset.commitTimestamp, offset.commitTimestamp)
            }
            return group.protocolType == "consumer" && group.state == .stable ? offset.commitTimestamp : nil
        case .consumer: return offset.commitTimestamp
        }
    }
}
