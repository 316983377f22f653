import Bytes
import Files

extension FileSystem {
    /// Writes a file from its start, without a sync.
    func put(_ text: String, in path: String, mode: OpenMode = .readWriteCreate) throws -> any File {
        let file = try open(path, mode)
        try file.writeAll(Array(text.utf8), at: 0)
        return file
    }

    func text(of path: String) throws -> String? {
        guard try status(path) != nil else { return nil }
        return String(decoding: try open(path, .read).content(), as: UTF8.self)
    }
}

extension File {
    func content() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(try size()))
        let count = try bytes.withUnsafeMutableBytes { try read(into: $0, at: 0) }
        return Array(bytes.prefix(count))
    }
}

/// Many crashes of the same disk: what each left, by a caller's description.
func outcomes(
    of seeds: Range<UInt64> = 0..<200, prepare: (SimulatedFileSystem) throws -> Void,
    describe: (SimulatedFileSystem) throws -> String
) throws -> Set<String> {
    var seen: Set<String> = []
    for seed in seeds {
        let disk = SimulatedFileSystem(seed: seed)
        try prepare(disk)
        var generator = SeededGenerator(seed: seed)
        seen.insert(try describe(disk.crash(using: &generator)))
    }
    return seen
}

func page(_ letter: Character) -> String { String(repeating: letter, count: 4096) }
