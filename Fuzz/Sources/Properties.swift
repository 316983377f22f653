import Configuration

/// A `server.properties`, and what a broker makes of it.
enum Properties {
    static func run(_ input: inout FuzzInput) {
        let text = String(decoding: input.rest, as: UTF8.self)
        guard (try? PropertiesFile(text)) != nil else { return }
        var configuration = ConfigurationInput()
        configuration.file = .init(path: "server.properties", text: text)
        do throws(ConfigurationProblems) {
            let broker = try BrokerConfiguration(configuration)
            _ = broker.warnings.map(\.description)
            require(!broker.logDirectories.isEmpty, "a configuration without a log directory")
        } catch {
            require(!error.problems.isEmpty, "a configuration is refused without a reason")
            _ = error.description
        }
    }
}
