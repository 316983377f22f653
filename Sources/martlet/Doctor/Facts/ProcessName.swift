/// A process of this machine, as people recognise it.
struct ProcessName: Sendable, Equatable, CustomStringConvertible {
    let id: Int32
    /// The name of its program; nil where it may not be known.
    let program: String?

    var description: String { program.map { "process \(id) (\($0))" } ?? "process \(id)" }
}

extension ProcessName {
    /// Who has locked the file with this device and inode, by `/proc/locks`.
    static func lockHolder(device: UInt64, inode: UInt64, in locks: String) -> Int32? {
        // The kernel's own numbering of devices: 12 bits of the major number, 20 of the minor.
        let major = (device >> 8) & 0xFFF
        let minor = (device & 0xFF) | ((device >> 12) & 0xFFF00)
        let place = "\(hexadecimal(major)):\(hexadecimal(minor)):\(inode)"
        for line in locks.split(separator: "\n") {
            let words = line.split(separator: " ")
            // `1: FLOCK  ADVISORY  WRITE 16800 fe:00:16220752 0 EOF`; those that wait have an arrow before the kind.
            guard words.count >= 6, words[1] == "FLOCK", words[5] == place, let id = Int32(words[4]), id > 0 else {
                continue
            }
            return id
        }
        return nil
    }

    /// The inodes of the sockets that listen on a port, by `/proc/net/tcp` or `/proc/net/tcp6`.
    static func listeningSockets(port: UInt16, in table: String) -> [UInt64] {
        table.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 10, words[3] == "0A", let colon = words[1].lastIndex(of: ":"),
                UInt16(words[1][words[1].index(after: colon)...], radix: 16) == port
            else { return nil }
            return UInt64(words[9])
        }
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
}
