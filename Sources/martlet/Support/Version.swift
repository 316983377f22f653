import CProgram

/// The version of the program, in one place.
enum Version {
    static let number = "0.1.0"

    /// What `martlet --version` prints.
    static var text: String {
        let commit = String(cString: martlet_commit())
        return commit.isEmpty ? "martlet \(number)" : "martlet \(number) (\(commit))"
    }
}
