/// The names of an option or flag, without their dashes.
public struct NameSpecification: Sendable {
    enum Long: Sendable {
        case property
        case custom(String)
    }

    let long: Long
    let short: Character?
    /// Other long names that mean the same, which help does not show.
    let aliases: [String]

    /// The property's name in kebab case: `replicationFactor` is `--replication-factor`.
    public static let long = NameSpecification(long: .property, short: nil, aliases: [])

    /// The property's name, and one letter: `.long(short: "p")` is `-p` too.
    public static func long(short: Character) -> NameSpecification {
        NameSpecification(long: .property, short: short, aliases: [])
    }

    /// Another name than the property's, and names that are understood too, though help does not show them.
    public static func customLong(
        _ name: String, short: Character? = nil, aliases: [String] = []
    ) -> NameSpecification {
        NameSpecification(long: .custom(name), short: short, aliases: aliases)
    }

    func longName(property: String) -> String {
        switch long {
        case .custom(let name): name
        case .property: kebabCase(property)
        }
    }
}

/// `replicationFactor` in the form that command lines use: `replication-factor`.
func kebabCase(_ name: String) -> String {
    var words = ""
    for character in name {
        if character.isUppercase {
            if !words.isEmpty { words.append("-") }
            words.append(contentsOf: character.lowercased())
        } else {
            words.append(character)
        }
    }
    return words
}
