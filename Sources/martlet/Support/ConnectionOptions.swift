import CommandLine
import KafkaClientCore
import Runtime

/// How a command reaches the cluster.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .customLong("bootstrap", short: "b", aliases: ["bootstrap-server"]), valueName: "HOST:PORT",
        help: "Brokers to ask first, with commas between; the others are learned from them.")
    var bootstrap = BootstrapServers(endpoints: [BrokerEndpoint(host: "localhost", port: 9092)])

    @Option(valueName: "SECONDS", help: "How long to try to reach the cluster and to get an answer.")
    var timeout = 15

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout must be at least 1") }
    }

    /// A command to type next, which asks the same cluster.
    func hint(_ command: String) -> String {
        bootstrap == ConnectionOptions().bootstrap ? command : "\(command) -b \(bootstrap.argumentText)"
    }

    /// The client's settings that follow.
    var clientConfiguration: ClientConfiguration {
        var configuration = ClientConfiguration(bootstrapServers: bootstrap.endpoints, clientId: "martlet")
        configuration.callTimeout = .seconds(Int64(timeout))
        configuration.connectTimeout = .seconds(Int64(min(timeout, 10)))
        return configuration
    }
}

struct BootstrapServers: ExpressibleByArgument, Equatable {
    let endpoints: [BrokerEndpoint]

    init(endpoints: [BrokerEndpoint]) { self.endpoints = endpoints }

    init(argument: String) throws(InvalidArgument) {
        guard let endpoints = BrokerEndpoint.list(argument) else {
            throw InvalidArgument("must be HOST:PORT, or several with commas between")
        }
        self.endpoints = endpoints
    }

    var argumentText: String { endpoints.map(\.description).joined(separator: ",") }
}
