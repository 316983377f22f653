import Files
import Glibc

/// A directory for one test, removed when nobody has it any more.
final class TemporaryDirectory {
    let path: String

    struct Unavailable: Error {}

    init() throws {
        var template = Array("/tmp/martlet-broker-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Unavailable() }
        path = String(cString: made)
    }

    deinit { try? RealFileSystem().removeDirectory(path) }
}
