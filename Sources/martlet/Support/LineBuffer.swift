/// Cuts a stream of bytes into lines, in whatever pieces it comes.
struct LineBuffer {
    private var bytes: [UInt8] = []
    private var start = 0

    mutating func append(_ piece: [UInt8]) {
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: piece)
    }

    /// The next line without its end; nil when none is whole.
    mutating func next() -> [UInt8]? {
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { start = end + 1 }
        return Array(bytes[start..<end])
    }

    /// What follows the last line end, when the stream has ended; nil when there is nothing.
    mutating func takeRest() -> [UInt8]? {
        defer {
            bytes = []
            start = 0
        }
        return start < bytes.count ? Array(bytes[start...]) : nil
    }
}
