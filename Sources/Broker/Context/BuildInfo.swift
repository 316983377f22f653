/// Which build of the program this is, for people.
public struct BuildInfo: Sendable {
    public let version: String
    /// Empty where it is not known.
    public let commit: String

    public init(version: String, commit: String) {
        self.version = version
        self.commit = commit
    }

    /// A broker inside another program.
    public static let unknown = BuildInfo(version: "unknown", commit: "")
}
