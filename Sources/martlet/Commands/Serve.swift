import Broker
import CommandLine
import Configuration
import Glibc
import Logging
import Runtime

/// Runs a broker until SIGTERM, SIGINT or the end of its terminal, then stops it cleanly.
///
/// - Throws: the `ExitCode` that the process ends with, when it is not success.
func serve(_ options: ServerOptions) throws {
    ProcessSetup.tuneAllocator()
    _ = ProcessSetup.raiseDescriptorLimit()
    ProcessSetup.block(endingSignals)
    let terminal = Terminal.current()
    do {
        let configuration = try BrokerConfiguration(try input(options))
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

private func input(_ options: ServerOptions) throws -> ConfigurationInput {
    var input = ConfigurationInput()
    input.environment = environment()
    if let path = options.configurationFile {
        input.file = ConfigurationInput.File(path: path, text: try readText(path))
    }
    input.arguments = options.settings.map { .init(key: $0.key, value: $0.value) }
    if let listen = options.listen {
        input.arguments.append(.init(key: "listeners", value: "PLAINTEXT://\(listen)", option: "--listen"))
    }
    if let advertise = options.advertise {
        input.arguments.append(
            .init(key: "advertised.listeners", value: "PLAINTEXT://\(advertise)", option: "--advertise"))
    }
    if let data = options.data {
        input.arguments.append(.init(key: "log.dirs", value: absolutePaths(data), option: "--data"))
    }
    return input
}

/// The directories with their whole paths, which tell people more where messages name them.
private func absolutePaths(_ list: String) -> String {
    guard let directory = getcwd(nil, 0) else { return list }
    defer { free(directory) }
    return list.split(separator: ",", omittingEmptySubsequences: false).map { element in
        let path = element.drop { $0 == " " }
        guard !path.isEmpty, !path.hasPrefix("/") else { return String(path) }
        return "\(String(cString: directory))/\(path.hasPrefix("./") ? path.dropFirst(2) : path)"
    }.joined(separator: ",")
}

private func environment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let line = entry.pointee {
        let text = String(cString: line)
        if let equals = text.firstIndex(of: "="), text.hasPrefix("MARTLET_") {
            variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        entry += 1
    }
    return variables
}

private func readText(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else {
        throw UnreadableFile(path: path, reason: String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        bytes.append(contentsOf: chunk[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
}

private struct UnreadableFile: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "\(path) cannot be read: \(reason)" }
}
