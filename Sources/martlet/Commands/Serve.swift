import Broker
import CommandLine
import Configuration
import Glibc
import Logging
import Runtime

/// Runs a broker until SIGTERM, SIGINT or the end of its terminal, then stops it cleanly.
///
/// - Throws: the `ExitCode` that the process ends with, when it is not success.
func serve(_ options: BrokerOptions) throws {
    ProcessSetup.tuneAllocator()
    _ = ProcessSetup.raiseDescriptorLimit()
    ProcessSetup.block(endingSignals)
    let terminal = Terminal.current()
    do {
        let configuration = try BrokerConfiguration(try options.configurationInput())
        log.info("starting", metadata: ["version": "\(Version.text)"])
        let server = try BrokerServer.start(configuration, build: Version.build)
        for endpoint in server.endpoints where !isLoopback(endpoint) {
            log.warning(
                "everybody who reaches this port may do everything: there is no authentication yet",
                metadata: ["listener": "\(endpoint)"])
        }
        for endpoint in server.endpoints { announce("martlet ready on \(endpoint)", terminal) }
        for endpoint in server.httpEndpoints { announce("martlet http on \(endpoint)", terminal) }
        try waitForEnd()
        server.stop()
    } catch let problems as ConfigurationProblems {
        terminal.writeError("\(terminal.errorStyle.red("error")): \(problems)\n")
        throw ExitCode.usage
    } catch let error as UnreadableFile {
        terminal.writeError("\(terminal.errorStyle.red("error")): --config: \(error)\n")
        throw ExitCode.usage
    } catch let error as StartupError where error.kind == .configuration {
        terminal.writeError("\(terminal.errorStyle.red("error")): \(error)\n")
        throw ExitCode.usage
    }
}

private let log = Logger(label: "martlet")

/// Says who can connect where. The broker serves all the same where nobody can be told.
private func announce(_ line: String, _ terminal: Terminal) {
    do throws(OutputError) {
        try terminal.write(line + "\n")
    } catch {
        log.warning("the output cannot be written", metadata: ["line": "\(line)", "error": "\(error)"])
    }
}

/// Whether only this machine reaches it.
private func isLoopback(_ endpoint: BoundListener) -> Bool {
    let addresses = try? HostPort(host: endpoint.host, port: endpoint.port).resolve()
    return addresses?.allSatisfy(\.isLoopback) ?? false
}

private let endingSignals = [SIGTERM, SIGINT, SIGHUP]

/// Blocks until a signal says that the broker should end. A second one ends the process at once.
private func waitForEnd() throws {
    var hasEnded = false
    try Shard.run(name: "signals") { shard in
        do {
            try shard.onSignal(endingSignals) { _ in
                if hasEnded { exit(130) }
                hasEnded = true
                shard.stop()
            }
        } catch {
            shard.stop()
        }
    }
}
