/// The settings of groups: a group's own, over the broker's.
public struct GroupSettings: Sendable {
    private let live: LiveSettings

    public init(_ live: LiveSettings) { self.live = live }

    /// Checks all settings that a group would have.
    ///
    /// - Throws: the first that is wrong: an unknown key, then a value, then values that do not go together.
    public func check(_ overrides: [String: String]) throws(SettingRefusal) {
        let names = overrides.keys.sorted()
        for name in names where GroupKey.key(name) == nil {
            throw SettingRefusal(message: "Unknown group config name: \(name)")
        }
        for name in names {
            guard let key = GroupKey.key(name), let text = overrides[name] else { continue }
            let value: ConfigurationValue
            do { value = try key.definition.parse(text) } catch { throw SettingRefusal(message: error.message) }
            if case .integer(let number) = value { try check(number, key) }
        }
        for kind in ["consumer", "share", "streams"] {
            let (session, heartbeat) = ("\(kind).session.timeout.ms", "\(kind).heartbeat.interval.ms")
            guard number(session, overrides) <= number(heartbeat, overrides) else { continue }
            throw SettingRefusal(message: "\(session) must be greater than \(heartbeat)")
        }
    }

    private func check(_ number: Int64, _ key: GroupKey) throws(SettingRefusal) {
        if let least = key.least, let bound = bound(least), number < bound {
            throw SettingRefusal(message: "\(key.name) must be greater than or equal to \(least)")
        }
        if let most = key.most, let bound = bound(most), number > bound {
            throw SettingRefusal(message: "\(key.name) must be less than or equal to \(most)")
        }
    }

    private func bound(_ name: String) -> Int64? { live.text(of: name).flatMap { Int64($0.trimmed) } }

    private func number(_ name: String, _ overrides: [String: String]) -> Int64 {
        overrides[name].flatMap { Int64($0.trimmed) } ?? bound("group.\(name)") ?? 0
    }

    /// Every setting of a group that has these of its own.
    public func describe(_ overrides: [String: String]) -> [SettingDescription] {
        GroupKey.all.map { key in
            var synonyms = key.brokerKey.map { live.synonyms(of: $0) } ?? []
            if key.brokerKey == nil, let text = key.definition.defaultText {
                synonyms = [SettingDescription.Synonym(name: key.name, value: text, source: .defaultValue)]
            }
            let inherited = key.brokerKey.flatMap { live.text(of: $0) } ?? key.definition.defaultText
            if let own = overrides[key.name] {
                synonyms.insert(SettingDescription.Synonym(name: key.name, value: own, source: .group), at: 0)
            }
            return SettingDescription(
                name: key.name, text: overrides[key.name] ?? inherited, key: key.definition, isReadOnly: false,
                synonyms: synonyms)
        }
    }
}
