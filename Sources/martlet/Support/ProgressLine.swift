import CommandLine
import Runtime

/// Shows on a terminal how far long work is, in a line that is written over.
///
/// Not for work whose output goes to a terminal too: it would stand in the midst of that.
final class ProgressLine {
    private let session: ClientSession
    private let verb: String
    private let startedAt: MonotonicTime
    private var shownAt: MonotonicTime
    private var isShown = false
    private let isEnabled: Bool

    /// - Parameters:
    ///   - verb: what happens to records: `written`.
    ///   - isEnabled: whether it is shown at all, given a terminal that can.
    init(session: ClientSession, verb: String, isEnabled: Bool = true) {
        self.session = session
        self.verb = verb
        self.isEnabled = isEnabled && session.terminal.showsProgress
        startedAt = session.shard.now
        shownAt = startedAt
    }

    /// Takes the count so far; shows it when the work takes more than a second, and at most once a second.
    func count(_ count: Int) {
        guard isEnabled, session.shard.now - shownAt >= .seconds(1) else { return }
        shownAt = session.shard.now
        isShown = true
        let seconds = Double((shownAt - startedAt).nanoseconds) / 1e9
        let rate = Int(Double(count) / max(seconds, 0.001))
        let text = "\(counted(count, "record")) \(verb), \(grouped(rate)) a second"
        session.terminal.writeError("\r\u{1B}[K\(session.terminal.errorStyle.dim(text))")
    }

    /// Takes the line away, before something else is written.
    func clear() {
        if isShown { session.terminal.writeError("\r\u{1B}[K") }
        isShown = false
    }
}

/// `1 record`, `12,345 records`.
func counted(_ count: some BinaryInteger, _ noun: String) -> String {
    "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")"
}

/// A number with commas between thousands.
func grouped(_ number: some BinaryInteger) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index % 3 == 0, digit != "-" { text.append(",") }
        text.append(digit)
    }
    return String(text.reversed())
}
