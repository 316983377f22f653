import CommandLine
import KafkaClientCore

struct QuotaSetCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "set", abstract: "Set quotas",
            discussion: "They count at once. All of them are set or, where one is refused, none.",
            examples: [
                Example("a megabyte a second", "martlet quota set --client-id batch producer_byte_rate=1048576"),
                Example("half a thread's time", "martlet quota set --user ann request_percentage=50"),
                Example(
                    "for one client of a user",
                    "martlet quota set --user ann --client-id batch consumer_byte_rate=524288"),
                Example("ten connections a second", "martlet quota set --default-ip connection_creation_rate=10"),
            ], seeAlso: ["martlet quota get", "martlet quota unset"])
    }

    @Argument(isRequired: true, valueName: "KEY=NUMBER", help: "Quotas and their values.")
    var quotas: [QuotaArgument]
    @OptionGroup(title: "Whose quotas") var target: QuotaEntityOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws { try target.requireEntity() }

    func run() throws {
        try ClientSession.run(connection) { session in
            session.alterQuotas(of: target.entity, quotas.map { ($0.key, $0.value) })
        }
    }
}

/// A quota of the form `KEY=NUMBER`.
struct QuotaArgument: ExpressibleByArgument {
    let key: String
    let value: Double

    init(argument: String) throws(InvalidArgument) {
        let pair = try KeyValueArgument(argument: argument)
        guard let number = Double(pair.value), number.isFinite, number >= 0 else {
            throw InvalidArgument("must be KEY=NUMBER")
        }
        key = pair.key
        value = number
    }

    var argumentText: String { "\(key)=\(value.quotaText)" }
}

extension ClientSession {
    /// Changes quotas, says so, and ends the command.
    func alterQuotas(of entity: QuotaEntity, _ changes: [(key: String, value: Double?)]) {
        client.alterQuotas(of: entity, changes) { result in
            switch result {
            case .failure(let error): self.fail(error)
            case .success:
                for change in changes {
                    let what = change.value.map { "set \(change.key)=\($0.quotaText)" } ?? "unset \(change.key)"
                    self.write("\(what) for \(entity.text)\n")
                }
                self.finish()
            }
        }
    }
}
