import Glibc

/// A file or directory that could not be read or written.
struct FileError: Error, CustomStringConvertible {
    var path: String
    var code = errno

    var description: String { "\(path): \(String(cString: strerror(code)))" }
}

/// The few file operations that the generator needs.
enum Directory {
    /// The files of a directory whose names end with `suffix`, by name (without the suffix).
    static func read(_ path: String, suffix: String) throws(FileError) -> [(name: String, text: String)] {
        let names = try list(path).filter { $0.hasSuffix(suffix) }.sorted()
        var files: [(name: String, text: String)] = []
        for name in names {
            files.append((String(name.dropLast(suffix.count)), try text(of: "\(path)/\(name)")))
        }
        return files
    }

    private static func list(_ path: String) throws(FileError) -> [String] {
        guard let directory = opendir(path) else { throw FileError(path: path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    static func text(of path: String) throws(FileError) -> String {
        guard let file = fopen(path, "r") else { throw FileError(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard ferror(file) == 0 else { throw FileError(path: path) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws(FileError) {
        guard let file = fopen(path, "w") else { throw FileError(path: path) }
        var bytes = text
        let written = bytes.withUTF8 { fwrite($0.baseAddress, 1, $0.count, file) }
        guard fclose(file) == 0, written == text.utf8.count else { throw FileError(path: path) }
    }

    /// Makes the directory where it is missing, and removes Swift files that nothing generates any more.
    static func removeStale(in path: String, keeping kept: [String]) throws(FileError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw FileError(path: path) }
        for name in try list(path) where name.hasSuffix(".swift") && !kept.contains("\(path)/\(name)") {
            guard unlink("\(path)/\(name)") == 0 else { throw FileError(path: "\(path)/\(name)") }
        }
    }
}
