import Broker
import CommandLine
import Configuration
import Glibc
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
        let server = try BrokerServer.start(configuration)
        for endpoint in server.endpoints { terminal.write("martlet ready on \(endpoint)\n") }
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
    if let data = options.data { input.arguments.append(.init(key: "log.dirs", value: data, option: "--data")) }
    return input
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
