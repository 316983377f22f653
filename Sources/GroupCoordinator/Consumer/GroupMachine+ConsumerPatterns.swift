import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// Subscriptions by regular expression: what they match is stored, so that all members that use one have the same topics.
extension GroupMachine {
    /// The least time between two looks at all patterns of a group, in milliseconds.
    static let patternPause: Int64 = 10_000

    /// Whether a pattern that is new to the group is one at all.
    func checkPattern(of change: MemberChange, in group: ConsumerGroup) throws(ConsumerRefusal) {
        guard change.patternChanged, let pattern = change.after.metadata.pattern,
            !group.usedPatterns.contains(pattern)
        else { return }
        do {
            _ = try patterns.compile(pattern.text)
        } catch {
            throw ConsumerRefusal(
                .invalidRegularExpression,
                "SubscribedTopicRegex `\(pattern)` is not a valid regular expression: \(error.reason).")
        }
    }

    /// A member reads by another pattern than before.
    mutating func patternChanged(_ change: MemberChange, _ name: Name, _ effects: inout Effects<GroupMachine>) {
        dropUnusedPatterns(name, &effects)
        if let pattern = change.after.metadata.pattern, consumer(name).patterns[pattern] == nil {
            resolve(pattern, name, &effects)
        }
    }

    mutating func dropUnusedPatterns(_ name: Name, _ effects: inout Effects<GroupMachine>) {
        let group = consumer(name)
        guard !group.patterns.isEmpty else { return }
        for pattern in Set(group.patterns.keys).subtracting(group.usedPatterns).sorted() {
            write(.consumerPattern(name, pattern: pattern, nil), &effects)
        }
    }

    /// Looks again at what the patterns match, when topics came or went, and now and then besides.
    mutating func refreshPatterns(_ name: Name, _ effects: inout Effects<GroupMachine>) {
        let group = consumer(name)
        guard !group.patterns.isEmpty else { return }
        let resolved = group.patterns.values
        let last = resolved.map(\.time).max() ?? 0
        let (age, overflow) = effects.now.wall.subtractingReportingOverflow(last)
        // A clock that went back says nothing.
        let isOld = overflow || age < 0 || age >= rules.patternRefreshInterval
        guard isOld || age >= GroupMachine.patternPause && resolved.contains(where: { $0.version < topicsVersion })
        else { return }
        for pattern in group.usedPatterns.sorted() { resolve(pattern, name, &effects) }
    }

    private mutating func resolve(_ pattern: Name, _ name: Name, _ effects: inout Effects<GroupMachine>) {
        // What was stored has been checked; that it is none now can only mean that another library reads it.
        guard let compiled = try? patterns.compile(pattern.text) else { return }
        var value = ConsumerGroupRegularExpressionValue()
        value.topics = image.topics.all.map(\.name).filter(compiled.matches).sorted()
        value.version = image.position.offset
        value.timestamp = effects.now.wall
        // The group may read other topics now, though the image is the same.
        if consumer(name).patterns[pattern]?.topics != Set(value.topics.map { Name($0) }) { refreshes[name] = nil }
        write(.consumerPattern(name, pattern: pattern, value), &effects)
    }
}
