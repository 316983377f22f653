import Broker
import CProgram

/// The version of the program, in one place.
enum Version {
    static let number = "0.1.0"

    static var build: BuildInfo { BuildInfo(version: number, commit: String(cString: martlet_commit())) }

    /// What `martlet --version` prints.
    static var text: String {
        let commit = build.commit
        return commit.isEmpty ? "martlet \(number)" : "martlet \(number) (\(commit))"
    }
}
