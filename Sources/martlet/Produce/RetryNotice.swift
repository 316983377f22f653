import Bytes
import CommandLine
import KafkaClientCore
import Runtime

/// Tells people that a partition cannot be written to for the time being: once it has been tried again for five seconds,
/// and once it goes on. Of connections, `OutageNotice` tells.
final class RetryNotice {
    private enum State {
        /// Nothing fails. Can become `waiting`.
        case calm
        /// Something fails, and the timer runs. When it fires this becomes `said`, or `calm` if nothing fails any more.
        case waiting
        /// It was said. Can become `calm`.
        case said
    }

    static let patience = Interval.seconds(5)

    private let session: ClientSession
    /// Seconds after which records are given up.
    private let limit: Int64
    /// Takes away what stands in the way of a line.
    private let clear: () -> Void
    private var state = State.calm
    private var failing: [TopicPartition: ClientError] = [:]

    init(_ session: ClientSession, giveUpAfter limit: Interval, clear: @escaping () -> Void) {
        self.session = session
        self.limit = limit.milliseconds / 1_000
        self.clear = clear
    }

    /// An attempt failed, and there will be another.
    func failed(_ partition: TopicPartition, _ error: ClientError) {
        guard !error.isOfConnection else { return }
        failing[partition] = error
        guard case .calm = state else { return }
        state = .waiting
        session.shard.schedule(after: RetryNotice.patience) { [weak self] in self?.say() }
    }

    /// A record of the partition was written.
    func written(_ partition: TopicPartition) {
        guard !failing.isEmpty, failing.removeValue(forKey: partition) != nil, failing.isEmpty else { return }
        // While the timer runs, what fails next is told when it fires.
        guard case .said = state else { return }
        state = .calm
        clear()
        session.terminal.writeError("\(partition): writing goes on\n")
    }

    private func say() {
        guard let error = failing.min(by: { $0.key < $1.key })?.value else {
            state = .calm
            return
        }
        state = .said
        let others = failing.count > 1 ? " (and \(counted(failing.count - 1, "other partition")))" : ""
        clear()
        session.terminal.writeError(
            """
            \(session.terminal.errorStyle.yellow("warning")): \(error)\(others), trying again; what is not written within \
            \(limit) s is given up (--delivery-timeout)

            """)
    }
}
