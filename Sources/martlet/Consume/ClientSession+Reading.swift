import KafkaClientCore
import KafkaProtocol

extension ClientSession {
    /// Says why a partition cannot be read and, where it is damaged, what to do.
    ///
    /// - Parameter goingOn: how to read on behind the damage, the second half of a sentence.
    func report(_ error: ClientError, goingOn: String) {
        report(error)
        guard error.code == .broker(.corruptMessage) else { return }
        terminal.writeError(
            "Which offsets are damaged says 'martlet log verify DIR' on the broker's machine; \(goingOn).\n")
    }
}
