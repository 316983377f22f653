import Bytes
import Coordination

/// The groups of a machine, and how many there are of each kind and state. The newest state, with what is needed to take it
/// back.
struct GroupTable {
    private var groups = RevertibleDictionary<Name, Group>()
    private let tally = GroupTally()
    /// Groups that came to be with their first offset, of which nothing else is stored.
    private var founded = UndoJournal<(name: Name, group: ClassicGroup)>()

    var current: [Name: Group] { groups.current }
    var stateCounts: GroupCounts { tally.counts }

    subscript(name: Name) -> Group? { groups[name] }

    mutating func set(_ name: Name, _ group: Group?, in version: StateVersion) {
        let previous = groups.set(name, group, in: version)
        tally.replace(previous, by: group)
    }

    /// A place for offsets. It goes again with the write that made it, unless somebody has joined by then.
    mutating func found(_ name: Name, in version: StateVersion) {
        let group = ClassicGroup()
        set(name, .classic(group), in: .loaded)
        founded.append((name, group), in: version)
    }

    mutating func commit(upTo version: StateVersion) {
        groups.commit(upTo: version)
        founded.commit(upTo: version)
    }

    /// - Returns: names of the groups that are what they were, and groups of the classic protocol that are not there any more,
    ///   with whoever waits in them.
    mutating func revert(to version: StateVersion) -> (restored: Set<Name>, displaced: [ClassicGroup]) {
        var undone: [ClassicGroup] = []
        var names: Set<Name> = []
        groups.revert(to: version) { [tally] name, gone, restored in
            names.insert(name)
            tally.replace(gone, by: restored)
            if case .classic(let group)? = gone { undone.append(group) }
        }
        var founded: [(name: Name, group: ClassicGroup)] = []
        self.founded.revert(to: version) { founded.append($0) }
        for (name, group) in founded where group.isUnused {
            // Another of the name may be there again.
            if case .classic(let current)? = groups[name], current === group { set(name, nil, in: .loaded) }
        }
        return (names, undone.filter { $0.tally == nil })
    }
}

/// Counts groups. Those of the classic protocol change their state in place, and say so here.
final class GroupTally {
    private(set) var counts = GroupCounts()

    func replace(_ previous: Group?, by group: Group?) {
        if case .classic(let classic)? = previous { classic.tally = nil }
        if case .classic(let classic)? = group { classic.tally = self }
        count(previous, -1)
        count(group, 1)
    }

    /// A group of the classic protocol that is counted has changed its state.
    func moved(from previous: ClassicGroup.State, to state: ClassicGroup.State) {
        change(&counts.classic, previous.name, -1)
        change(&counts.classic, state.name, 1)
    }

    private func count(_ group: Group?, _ change: Int) {
        switch group {
        case nil: break
        case .classic(let group)?: self.change(&counts.classic, group.state.name, change)
        case .consumer(let group)?: self.change(&counts.consumer, group.state.name, change)
        }
    }

    /// What is counted down to nothing is not there.
    private func change(_ counts: inout [String: Int], _ state: String, _ change: Int) {
        let count = counts[state, default: 0] + change
        precondition(count >= 0, "what goes was counted when it came")
        counts[state] = count == 0 ? nil : count
    }
}
