/// A file system where it is mounted, from a line of `/proc/self/mountinfo`.
struct Mount: Sendable, Equatable {
    let point: String
    /// `ext4`, `tmpfs`.
    let type: String
    /// What is mounted: `/dev/sda1`.
    let source: String
    /// Of the mount and of the file system.
    let options: Set<String>
    var isReadOnly: Bool { options.contains("ro") }

    /// The mount that holds `path`, which has no symbolic links.
    static func holding(_ path: String, in mountinfo: String) -> Mount? {
        var best: Mount?
        for line in mountinfo.split(separator: "\n") {
            guard let mount = Mount(line), mount.holds(path) else { continue }
            // Of two on the same point the later one lies above.
            if mount.point.utf8.count >= best?.point.utf8.count ?? 0 { best = mount }
        }
        return best
    }

    /// `36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/root rw,errors=continue`
    private init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 2 else { return nil }
        point = Mount.unescaped(words[4])
        type = String(words[dash + 1])
        source = Mount.unescaped(words[dash + 2])
        let ofFileSystem = words.count > dash + 3 ? words[dash + 3].split(separator: ",") : []
        options = Set((words[5].split(separator: ",") + ofFileSystem).map(String.init))
    }

    private func holds(_ path: String) -> Bool { point == "/" || path == point || path.hasPrefix(point + "/") }

    /// Spaces and the like are written as `\040`.
    private static func unescaped(_ word: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = word.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
