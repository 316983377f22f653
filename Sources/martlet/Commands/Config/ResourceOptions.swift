import CommandLine
import KafkaClientCore

/// Whose settings are meant: one of a topic, a group, a broker, all brokers and a broker's loggers.
struct ResourceOptions: ParsableArguments {
    @Option(name: .long(short: "t"), valueName: "NAME", help: "The settings of this topic.")
    var topic: String?
    @Option(
        name: .long(short: "g"), valueName: "NAME",
        help: "The settings of this group, if its partitions are assigned by the broker; it need not be there yet.")
    var group: String?
    @Option(valueName: "ID", help: "The settings of this broker, or with 'default' those of all brokers.")
    var broker: BrokerArgument?
    @Option(valueName: "ID", help: "The log levels of this broker.")
    var logger: Int32?

    func validate() throws {
        let given = [topic != nil, group != nil, broker != nil, logger != nil].filter { $0 }.count
        guard given == 1 else {
            throw ValidationError(
                given == 0 ? "whose settings? one is missing" : "these exclude each other",
                hint: "Give one of --topic NAME, --group NAME, --broker ID, --broker default, --logger ID.")
        }
        if let topic, topic.isEmpty { throw ValidationError("--topic has no name") }
        if let group, group.isEmpty { throw ValidationError("--group has no name") }
    }

    /// What the options name; `validate` saw to it that there is one.
    var resource: ConfigurationResource {
        if let topic { return .topic(topic) }
        if let group { return .group(group) }
        if let logger { return .brokerLoggers(logger) }
        return broker?.id.map(ConfigurationResource.broker) ?? .brokerDefaults
    }
}

/// A broker's id, or the word for all of them.
struct BrokerArgument: ExpressibleByArgument {
    /// Nil for all.
    let id: Int32?

    init(argument: String) throws(InvalidArgument) {
        if argument == "default" {
            id = nil
        } else if let number = Int32(argument), number >= 0 {
            id = number
        } else {
            throw InvalidArgument("must be a broker's id, or default")
        }
    }

    var argumentText: String { id.map { "\($0)" } ?? "default" }
}
