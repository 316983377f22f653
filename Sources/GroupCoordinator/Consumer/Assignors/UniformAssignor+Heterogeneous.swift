import Bytes

/// Members that read different topics: the open partitions go to those who have least, and then single partitions move as long
/// as that brings two members closer together.
extension UniformAssignor {
    static func assignHeterogeneous(_ input: AssignmentInput) -> [Name: PartitionSet] {
        var balance = Balance(input)
        let open = Dictionary(grouping: unassigned(input, balance.given), by: \.topic)
        // What few can have comes first: what many can have evens out the rest.
        let topics = input.orderedTopics.sorted {
            (balance.readers[$0]?.count ?? 0, $0) < (balance.readers[$1]?.count ?? 0, $1)
        }
        for topic in topics { balance.hand(out: open[topic] ?? [], of: topic) }
        var isMoving = true
        while isMoving {
            isMoving = false
            for topic in topics where balance.level(topic) { isMoving = true }
        }
        return input.targets(balance.given)
    }
}

/// Who has what, by places among the members.
private struct Balance {
    var given: [[TopicIDPartition]]
    let readers: [UUID: [Int]]

    init(_ input: AssignmentInput) {
        given = input.kept()
        // Places are appended to a plain array: a look-up for each reader of each topic would take most of the time.
        let topics = input.orderedTopics
        let numbers = Dictionary(uniqueKeysWithValues: topics.enumerated().map { ($1, $0) })
        var places = [[Int]](repeating: [], count: topics.count)
        var (last, lastNumbers): (Set<UUID>, [Int]) = ([], [])
        for (place, member) in input.members.enumerated() {
            if member.topics != last {
                (last, lastNumbers) = (member.topics, member.topics.compactMap { numbers[$0] })
            }
            for number in lastNumbers { places[number].append(place) }
        }
        readers = Dictionary(uniqueKeysWithValues: zip(topics, places))
    }

    mutating func hand(out partitions: [TopicIDPartition], of topic: UUID) {
        guard !partitions.isEmpty else { return }
        var poorest = LoadHeap((readers[topic] ?? []).map { ($0, given[$0].count) })
        for partition in partitions {
            guard let place = poorest.pop(by: { given[$0].count }) else { return }
            given[place].append(partition)
            poorest.push(place, given[place].count)
        }
    }

    /// Moves partitions of a topic from the members that have most to those that have least.
    ///
    /// - Returns: Whether any was moved. Each move lowers the sum of the squares of what members have, so this comes to an end.
    mutating func level(_ topic: UUID) -> Bool {
        let readers = readers[topic] ?? []
        guard let least = readers.map({ given[$0].count }).min() else { return false }
        // Those who have most come first: their numbers are negative.
        var richest = LoadHeap(
            readers.filter { place in
                given[place].count > least + 1 && given[place].contains { $0.topic == topic }
            }.map { ($0, -given[$0].count) })
        guard !richest.isEmpty else { return false }
        var poorest = LoadHeap(readers.map { ($0, given[$0].count) })
        var hasMoved = false
        while let from = richest.pop(by: { -given[$0].count }), let to = poorest.pop(by: { given[$0].count }) {
            guard given[from].count - given[to].count > 1 else { break }
            if let index = given[from].lastIndex(where: { $0.topic == topic }) {
                given[to].append(given[from].remove(at: index))
                hasMoved = true
                richest.push(from, -given[from].count)
            }
            poorest.push(to, given[to].count)
        }
        return hasMoved
    }
}

/// Members by a number that changes under way: an entry that is out of date is put right when its turn comes.
private struct LoadHeap {
    private var entries: [(load: Int, place: Int)] = []

    var isEmpty: Bool { entries.isEmpty }

    init(_ members: [(place: Int, load: Int)]) {
        for member in members { push(member.place, member.load) }
    }

    mutating func push(_ place: Int, _ load: Int) {
        entries.append((load, place))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child] < entries[parent] else { break }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// The member with the lowest number.
    mutating func pop(by load: (Int) -> Int) -> Int? {
        while let entry = popEntry() {
            let current = load(entry.place)
            if current == entry.load { return entry.place }
            push(entry.place, current)
        }
        return nil
    }

    private mutating func popEntry() -> (load: Int, place: Int)? {
        guard let first = entries.first else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < entries.count else { return first }
            let right = left + 1
            let child = right < entries.count && entries[right] < entries[left] ? right : left
            guard entries[child] < entries[parent] else { return first }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
