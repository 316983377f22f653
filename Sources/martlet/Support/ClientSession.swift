import CommandLine
import Glibc
import KafkaClientCore
import KafkaProtocol
import Runtime

/// One command's use of a cluster: an event loop on the main thread, a client, and how it ends.
final class ClientSession {
    let shard: Shard
    let loop: ShardLoop
    let client: Client
    let terminal: Terminal
    /// Threads for what blocks: name resolution and the input stream.
    let pool: BlockingPool
    /// Called at SIGINT and SIGTERM, in place of ending at once.
    var onInterrupt: (() -> Void)?
    private let options: ConnectionOptions
    private var exitCode = ExitCode.success
    private var hasOutputFailed = false
    private let outage: OutageNotice

    private init(
        _ options: ConnectionOptions, createsTopics: Bool, _ shard: Shard, _ pool: BlockingPool, _ terminal: Terminal
    ) {
        self.shard = shard
        self.pool = pool
        self.terminal = terminal
        self.options = options
        loop = ShardLoop(shard: shard, resolvers: pool)
        var configuration = options.clientConfiguration
        configuration.allowAutoTopicCreation = createsTopics
        client = Client(loop: loop, configuration: configuration, seed: .random(in: 0 ... .max))
        outage = OutageNotice(options, shard: shard, terminal: terminal)
        client.onConnectionChange = outage.connectionChanged
    }

    /// Runs `body`, then the loop until `finish` is called.
    ///
    /// - Parameter createsTopics: whether brokers may make topics that are only named, where they do so.
    /// - Throws: the `ExitCode` given to `finish`, unless it is success.
    static func run(
        _ options: ConnectionOptions, createsTopics: Bool = false, _ body: (ClientSession) -> Void
    ) throws {
        ProcessSetup.ignoreBrokenPipes()
        ProcessSetup.block([SIGINT, SIGTERM])
        let pool = try BlockingPool(name: "input", threads: 2)
        var session: ClientSession?
        var signalError: SystemError?
        try Shard.run { shard in
            let opened = ClientSession(options, createsTopics: createsTopics, shard, pool, .current())
            session = opened
            do throws(SystemError) {
                try shard.onSignal([SIGINT, SIGTERM]) { _ in opened.interrupted() }
            } catch {
                signalError = error
            }
            body(opened)
        }
        if let signalError { throw signalError }
        if let session, session.exitCode != .success { throw session.exitCode }
    }

    /// Writes to the output stream. A failure is said once, and makes the command end with status 1.
    ///
    /// - Returns: false when nothing more can be written.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        do throws(OutputError) {
            try terminal.write(bytes)
            return true
        } catch .closed {
            return false
        } catch {
            if !hasOutputFailed { terminal.writeError("\(terminal.errorStyle.red("error")): \(error)\n") }
            hasOutputFailed = true
            return false
        }
    }

    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Ends the command with this status once the client is closed.
    func finish(_ code: ExitCode = .success) {
        exitCode = hasOutputFailed && code == .success ? .failure : code
        client.close()
        shard.stop()
    }

    /// Says what went wrong and what to do, and ends the command.
    func fail(_ error: ClientError) {
        report(error)
        finish(.failure)
    }

    /// Says what went wrong and what to do.
    ///
    /// - Parameter remark: stands behind the error.
    func report(_ error: ClientError, _ remark: String = "") {
        let style = terminal.errorStyle
        terminal.writeError("\(style.red("error")): \(error)\(remark)\n")
        if let advice = advice(on: error) { terminal.writeError("\(advice)\n") }
    }

    /// A command to type next, which asks the same cluster.
    func hint(_ command: String) -> String { options.hint(command) }

    private func interrupted() {
        if let onInterrupt { return onInterrupt() }
        finish(.interrupted)
    }

    private func advice(on error: ClientError) -> String? {
        switch error.code {
        case .disconnected, .timedOut:
            return """
                Is a broker running at \(options.bootstrap.argumentText)? Name others with --bootstrap HOST:PORT, or start \
                one: martlet server --listen localhost:9092 --data ./data
                """
        case .broker(.kafkaStorageError):
            return "The broker's log says what is wrong; on its machine, 'martlet doctor' looks for it."
        case .broker(.unknownTopicOrPartition):
            return """
                See what there is with '\(hint("martlet topic list"))', or make one with \
                '\(hint("martlet topic create NAME"))'.
                """
        case .broker(.topicAlreadyExists):
            return "Add --if-not-exists if that is fine."
        case .broker(.messageTooLarge):
            return """
                The topic's max.message.bytes allows less; write smaller batches with --batch-size, or raise the setting \
                with '\(hint("martlet config set --topic NAME max.message.bytes=BYTES"))'.
                """
        case .broker(.offsetOutOfRange):
            return "Start elsewhere: --from beginning, --from end, or a time."
        case .broker(.groupIdNotFound):
            return "See what there is with '\(hint("martlet group list"))'."
        case .broker(.nonEmptyGroup), .broker(.groupSubscribedToTopic):
            return "Stop its members first; who they are says '\(hint("martlet group describe"))'."
        case .broker(.invalidReplicationFactor):
            return "There are fewer brokers than that; leave --replication-factor out to take the default."
        default: return nil
        }
    }
}
