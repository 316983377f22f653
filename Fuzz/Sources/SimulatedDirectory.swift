import Bytes
import Files

/// A directory in memory that an input describes.
struct SimulatedDirectory {
    let fileSystem = SimulatedFileSystem()
    let path: String

    init(_ path: String) {
        self.path = path
        requireSuccess("no directory") { try fileSystem.createDirectory(path) }
    }

    func write(_ name: String, _ bytes: [UInt8]) {
        requireSuccess("no file") {
            try fileSystem.open("\(path)/\(name)", .replace).writeAll(bytes, at: 0)
        }
    }
}
