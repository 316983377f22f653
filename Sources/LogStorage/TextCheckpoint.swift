import Bytes
import Files

/// Kafka's checkpoint files: the version (0), the number of entries, then an entry a line with fields between spaces.
enum TextCheckpoint {
    static func encode(_ lines: [String]) -> [UInt8] {
        var bytes = Array("0\n\(lines.count)\n".utf8)
        bytes.reserveCapacity(lines.reduce(bytes.count) { $0 + $1.utf8.count + 1 })
        for line in lines {
            bytes.append(contentsOf: line.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// nil where the bytes are not a whole checkpoint.
    static func decode(_ bytes: [UInt8]) -> [[Substring]]? {
        guard let text = String(validating: bytes, as: UTF8.self), bytes.last == UInt8(ascii: "\n") else { return nil }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        guard lines.count >= 2, lines[0].elementsEqual("0".utf8), Int(Substring(lines[1])) == lines.count - 2 else {
            return nil
        }
        return lines.dropFirst(2).map { $0.split(separator: UInt8(ascii: " ")).map { Substring($0) } }
    }
}

extension FileSystem {
    /// The whole content of a small file; nil if there is none.
    func readAll(_ path: String) throws(FileError) -> [UInt8]? {
        let file: any File
        do {
            file = try open(path, .read)
        } catch {
            if error.isMissing || error.isOfNoDirectory { return nil }
            throw error
        }
        let size = Int(try file.size())
        let bytes = MutableBuffer(uninitializedCount: size)
        let count = try file.read(into: bytes.bytes, at: 0)
        return [UInt8](bytes.bytes[..<count])
    }

    /// Replaces a small file as a whole: a reader sees the old or the new content. Durable on return when `sync`, but for
    /// the name, which needs its directory synced.
    func replace(_ path: String, with bytes: [UInt8], sync: Bool) throws(FileError) {
        let temporary = path + LogFiles.temporarySuffix
        let file = try open(temporary, .replace)
        try file.writeAll(bytes, at: 0)
        if sync { try file.sync() }
        try rename(temporary, to: path)
    }

    /// As `replace`; false, with the old content in place, where the disk has no room for the new one, or the process no
    /// descriptor.
    func replaceIfRoom(_ path: String, with bytes: [UInt8], sync: Bool) throws(FileError) -> Bool {
        do {
            try replace(path, with: bytes, sync: sync)
            return true
        } catch {
            guard error.passes else { throw error }
            try removeIfPresent(path + LogFiles.temporarySuffix)
            return false
        }
    }

    func removeIfPresent(_ path: String) throws(FileError) {
        do {
            try removeFile(path)
        } catch {
            if !error.isMissing { throw error }
        }
    }
}
