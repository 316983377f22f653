import CommandLine
import Configuration
import Glibc

extension BrokerOptions {
    /// What the broker's configuration is read from: these options, the environment and the file.
    func configurationInput() throws(UnreadableFile) -> ConfigurationInput {
        var input = ConfigurationInput()
        input.environment = environment()
        input.suggest = nearest
        if let config { input.file = ConfigurationInput.File(path: config, text: try readText(config)) }
        input.arguments = settings.map { .init(key: $0.key, value: $0.value) }
        if let listen {
            input.arguments.append(.init(key: "listeners", value: "PLAINTEXT://\(listen)", option: "--listen"))
        }
        if let advertise {
            input.arguments.append(
                .init(key: "advertised.listeners", value: "PLAINTEXT://\(advertise)", option: "--advertise"))
        }
        if let data {
            input.arguments.append(.init(key: "log.dirs", value: absolutePaths(data), option: "--data"))
        }
        return input
    }
}

/// The directories with their whole paths, which tell people more where messages name them.
private func absolutePaths(_ list: String) -> String {
    list.split(separator: ",", omittingEmptySubsequences: false)
        .map { absolutePath(String($0.drop { $0 == " " })) }.joined(separator: ",")
}

/// A path from the root. One that is empty stays so.
func absolutePath(_ path: String) -> String {
    guard !path.isEmpty, !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return "\(String(cString: directory))/\(path.hasPrefix("./") ? path.dropFirst(2) : path[...])"
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
