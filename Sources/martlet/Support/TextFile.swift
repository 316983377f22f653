import Glibc

/// The text of a file, whatever its length is said to be.
func readText(_ path: String) throws(UnreadableFile) -> String {
    guard let file = fopen(path, "r") else {
        throw UnreadableFile(path: path, reason: String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        bytes.append(contentsOf: chunk[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
}

struct UnreadableFile: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "\(path) cannot be read: \(reason)" }
}

/// Makes a file with this text, in place of one that is there.
func writeText(_ text: String, to path: String) throws(UnwritableFile) {
    guard let file = fopen(path, "w") else {
        throw UnwritableFile(path: path, reason: String(cString: strerror(errno)))
    }
    let bytes = Array(text.utf8)
    let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
    guard fclose(file) == 0, isWritten else {
        throw UnwritableFile(path: path, reason: String(cString: strerror(errno)))
    }
}

struct UnwritableFile: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "\(path) cannot be written: \(reason)" }
}
