import CommandLine
import KafkaClientCore

struct GroupDeleteCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Delete groups without members, and their offsets",
            examples: [Example("one group", "martlet group delete billing")],
            seeAlso: ["martlet group list", "martlet group delete-offsets"])
    }

    @Argument(isRequired: true, valueName: "GROUP", help: "Names of the groups.")
    var groups: [String]
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in delete(groups[...], session, hasFailed: false) }
    }

    private func delete(_ names: ArraySlice<String>, _ session: ClientSession, hasFailed: Bool) {
        guard let name = names.first else { return session.finish(hasFailed ? .failure : .success) }
        session.client.deleteGroup(name) { result in
            switch result {
            case .success: session.write("deleted \(name)\n")
            case .failure(let error): session.report(error)
            }
            let isFailure = if case .failure = result { true } else { false }
            delete(names.dropFirst(), session, hasFailed: hasFailed || isFailure)
        }
    }
}
