import KafkaClientCore
import Runtime

/// Tells people that a command waits for brokers: once when none could be reached so far, and for each time that a
/// connection was lost once that it was, and once that there is one again.
final class OutageNotice {
    private enum State {
        /// No connection could be used yet. Can become `connected`.
        case starting
        /// Can become `lost`.
        case connected
        /// It was said. Can become `connected`.
        case lost
    }

    private let terminal: Terminal
    private let bootstrap: String
    private let timeout: Int
    private var state = State.starting
    private var lastFailure: String?

    /// - Parameter shard: its timer says so when a second has passed without a connection, on a terminal.
    init(_ options: ConnectionOptions, shard: Shard, terminal: Terminal) {
        self.terminal = terminal
        bootstrap = options.bootstrap.argumentText
        timeout = options.timeout
        guard terminal.isErrorInteractive else { return }
        shard.schedule(after: .seconds(1)) { [weak self] in self?.sayWhatIsTried() }
    }

    func connectionChanged(_ change: ConnectionChange) {
        switch change {
        case .ready(let endpoint):
            if case .lost = state { terminal.writeError("connected again (\(endpoint))\n") }
            state = .connected
        case .failed(let endpoint, let reason):
            lastFailure = "\(endpoint): \(reason)"
            guard case .connected = state else { return }
            state = .lost
            terminal.writeError("connection lost, trying again (\(endpoint): \(reason))\n")
        }
    }

    private func sayWhatIsTried() {
        guard case .starting = state else { return }
        terminal.writeError("\(lastFailure ?? "\(bootstrap): no answer yet"); trying for \(timeout) s\n")
    }
}
