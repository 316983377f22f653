import Bytes
import Files
import Records

/// Kafka's checkpoint files: the version (0), the number of entries, then an entry a line with fields between spaces.
///
/// Nothing in Kafka's would tell that a digit was changed. Ours have a checksum where Kafka's readers do not look: as white
/// space behind the last entry, 32 characters for the bits of a CRC-32C over all before, the highest first, a tab for 1.
/// Files without it, such as Kafka's own, are read as well.
enum TextCheckpoint {
    private static let newline = UInt8(ascii: "\n")
    private static let zero = UInt8(ascii: " ")
    private static let one = UInt8(ascii: "\t")

    static func encode(_ lines: [String]) -> [UInt8] {
        var bytes = Array("0\n\(lines.count)\n".utf8)
        if lines.isEmpty { return bytes }
        bytes.reserveCapacity(lines.reduce(bytes.count + UInt32.bitWidth) { $0 + $1.utf8.count + 1 })
        for line in lines {
            bytes.append(contentsOf: line.utf8)
            bytes.append(newline)
        }
        bytes.removeLast()
        let checksum = checksum(of: bytes[...])
        for bit in (0..<UInt32.bitWidth).reversed() { bytes.append(checksum >> bit & 1 == 1 ? one : zero) }
        bytes.append(newline)
        return bytes
    }

    private static func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 { bytes.withUnsafeBytes { CRC32C.of($0) } }

    /// The lines without the checksum, if there is one; nil where it is not theirs.
    private static func checked(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let marks = bytes.reversed().prefix { $0 == zero || $0 == one }
        if marks.isEmpty { return bytes }
        guard marks.count == UInt32.bitWidth else { return nil }
        let content = bytes.dropLast(marks.count)
        let expected = marks.reversed().reduce(UInt32(0)) { $0 << 1 | ($1 == one ? 1 : 0) }
        return checksum(of: content) == expected ? content : nil
    }

    /// nil where the bytes are not a whole checkpoint.
    static func decode(_ bytes: [UInt8]) -> [[Substring]]? {
        guard bytes.last == newline, let content = checked(bytes.dropLast()),
            let text = String(validating: content, as: UTF8.self)
        else { return nil }
        let lines = text.utf8.split(separator: newline)
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
