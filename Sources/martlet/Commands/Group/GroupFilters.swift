import CommandLine

/// States of groups, separated by commas: `stable,preparing-rebalance`, in Kafka's spelling or as this program shows them.
struct GroupStates: ExpressibleByArgument {
    private static let known = [
        "assigning", "completing-rebalance", "dead", "empty", "not-ready", "preparing-rebalance", "reconciling",
        "stable",
    ]

    /// As `plain` has them.
    let names: Set<String>
    let argumentText: String

    init(argument: String) throws(InvalidArgument) {
        argumentText = argument
        names = try chosen(from: GroupStates.known, argument, GroupStates.plain)
    }

    /// A name without what spellings differ in.
    static func plain(_ name: String) -> String { name.lowercased().filter(\.isLetter) }
}

/// Types of groups, separated by commas.
struct GroupTypes: ExpressibleByArgument {
    let names: Set<String>
    let argumentText: String

    init(argument: String) throws(InvalidArgument) {
        argumentText = argument
        names = try chosen(from: ["classic", "consumer", "share", "streams"], argument) { $0.lowercased() }
    }
}

private func chosen(
    from known: [String], _ text: String, _ plain: (String) -> String
) throws(InvalidArgument) -> Set<String> {
    let names = text.split(separator: ",").map { plain(String($0)) }
    guard !names.isEmpty, Set(names).isSubset(of: known.map(plain)) else {
        throw InvalidArgument("must be of \(known.joined(separator: ", "))")
    }
    return Set(names)
}
