import Glibc

extension ProcessName {
    static func of(_ id: Int32) -> ProcessName {
        ProcessName(id: id, program: (try? readText("/proc/\(id)/comm"))?.trimmingSpace)
    }

    /// Who listens on a TCP port. Another user's process is found only by root.
    static func listening(onPort port: UInt16) -> ProcessName? {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap { try? readText($0) }
        let sockets = Set(tables.flatMap { listeningSockets(port: port, in: $0) }.map { "socket:[\($0)]" })
        guard !sockets.isEmpty else { return nil }
        for name in namesInDirectory("/proc") {
            guard let id = Int32(name) else { continue }
            for descriptor in namesInDirectory("/proc/\(name)/fd")
            where sockets.contains(target(of: "/proc/\(name)/fd/\(descriptor)") ?? "") {
                return of(id)
            }
        }
        return nil
    }

    private static func target(of link: String) -> String? {
        var room = [CChar](repeating: 0, count: 256)
        let length = readlink(link, &room, room.count)
        guard length >= 0 else { return nil }
        return String(decoding: room.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The names in a directory; none where it cannot be read.
func namesInDirectory(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { place in
            place.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: place.pointee)) {
                String(cString: $0)
            }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}
