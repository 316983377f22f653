/// The machine as a process sees it. What could not be found out is nil.
struct MachineFacts: Sendable {
    var processors = 1
    /// How many processors' time the control group may use; nil is without limit.
    var processorQuota: Double?
    /// Bytes of memory.
    var memory: Int64?
    /// Bytes of memory that the control group may use; nil is without limit.
    var memoryLimit: Int64?
    /// Files that a process may have open, after it has raised its limit.
    var openFiles = 0
    /// Bytes of swap space.
    var swap: Int64 = 0
    /// `vm.swappiness`.
    var swappiness: Int?
    /// `vm.overcommit_memory`.
    var overcommit: Int?
    /// When the kernel takes huge pages: always, madvise or never.
    var hugePages: String?
    var clock = ClockFacts()
}

struct ClockFacts: Sendable {
    /// Milliseconds since 1970.
    var now: Int64 = 0
    /// Whether something keeps the clock right.
    var isSynchronised: Bool?
    /// By how many microseconds it may be wrong while something does.
    var errorMicroseconds: Int64 = 0
    /// What the kernel reads the time from: `tsc`.
    var source: String?
}

// MARK: - What the kernel's files say

extension MachineFacts {
    /// A line `NAME:  12345 kB` of `/proc/meminfo`, in bytes.
    static func memory(_ name: String, in text: String) -> Int64? {
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            let words = line.split(separator: " ")
            guard words.count > 1, let kilobytes = Int64(words[1]) else { return nil }
            return kilobytes.multipliedReportingOverflow(by: 1_024).partialValue
        }
        return nil
    }

    /// A limit of a control group; nil for `max`, and for the numbers by which its first version says the same.
    static func limit(_ text: String) -> Int64? {
        guard let bytes = Int64(text.trimmingSpace), bytes < 1 << 60 else { return nil }
        return bytes
    }

    /// `cpu.max`: microseconds of a period, or `max`, and the period.
    static func quota(_ text: String) -> Double? {
        let words = text.trimmingSpace.split(separator: " ").map { Double($0) }
        guard words.count == 2, let share = words[0], let period = words[1], period > 0 else { return nil }
        return share / period
    }

    /// The word in brackets: `always [madvise] never`.
    static func chosen(_ text: String) -> String? {
        guard let start = text.firstIndex(of: "["), let end = text[start...].firstIndex(of: "]") else { return nil }
        return String(text[text.index(after: start)..<end])
    }
}

extension String {
    /// Without spaces and line ends around it.
    var trimmingSpace: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
