import CommandLine
import Runtime

/// What a command line says of a broker: of one to be started, or to be looked at.
struct BrokerOptions: ParsableArguments {
    @Option(
        valueName: "HOST:PORT",
        help: """
            Where to listen; port 0 takes a free one. Without it, where the setting 'listeners' says. (default: all \
            addresses, port 9092)
            """)
    var listen: String?
    @Option(valueName: "HOST:PORT", help: "The address that clients are told to use, when it is another.")
    var advertise: String?
    @Option(valueName: "DIR", kind: .directory, help: "Where the data is kept. (default: ./data)")
    var data: String?
    @Option(valueName: "FILE", kind: .file, help: "A file of settings, KEY=VALUE a line, as Kafka's server.properties.")
    var config: String?
    @Option(name: .customLong("set"), valueName: "KEY=VALUE", help: "A setting, which goes before all others.")
    var settings: [KeyValueArgument]

    func validate() throws {
        for (option, address) in [("--listen", listen), ("--advertise", advertise)] {
            guard let address, HostPort(address) == nil else { continue }
            throw ValidationError(
                "\(option) \(address) is not HOST:PORT", hint: "For example \(option) localhost:9092.")
        }
    }

    /// Whether nothing at all was said.
    var isEmpty: Bool { listen == nil && advertise == nil && data == nil && config == nil && settings.isEmpty }
}
