import CommandLine
import KafkaClientCore

struct GroupListCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "List groups",
            examples: [
                Example("names, one a line", "martlet group list"),
                Example("with their types and states", "martlet group list --long"),
                Example("those that nobody is in, as JSON lines", "martlet group list --state empty --json"),
            ], seeAlso: ["martlet group describe"])
    }

    @Option(valueName: "STATE[,…]", help: "List groups in these states only, such as stable or empty.")
    var state: GroupStates?
    @Option(valueName: "TYPE[,…]", help: "List groups of these types only: classic, consumer, share and streams.")
    var type: GroupTypes?
    @Flag(name: .long(short: "l"), help: "Show types and states too.")
    var long = false
    @Flag(help: "Write a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        if long, json { throw ValidationError("--long and --json exclude each other") }
    }

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.listGroups { result in
                switch result {
                case .failure(let error): session.fail(error)
                case .success(let groups):
                    session.write(text(groups.filter(isWanted)))
                    session.finish()
                }
            }
        }
    }

    private func isWanted(_ group: ListedGroup) -> Bool {
        (state?.names.contains(GroupStates.plain(group.state ?? "")) ?? true)
            && (type?.names.contains(group.type?.lowercased() ?? "") ?? true)
    }

    private func text(_ groups: [ListedGroup]) -> [UInt8] {
        var output: [UInt8] = []
        if json {
            for group in groups { output.appendSummary(of: group) }
        } else if long {
            var table = TextTable(["group", "type", "state", "protocol"])
            for group in groups {
                table.append([group.name, group.type ?? "-", group.state ?? "-", group.protocolType])
            }
            if !table.isEmpty { output.append(contentsOf: table.text.utf8) }
        } else {
            for group in groups { output.append(contentsOf: "\(group.name.printable)\n".utf8) }
        }
        return output
    }
}

extension [UInt8] {
    fileprivate mutating func appendSummary(of group: ListedGroup) {
        append(contentsOf: "{\"group\":".utf8)
        appendJSON(group.name.utf8)
        append(contentsOf: ",\"type\":".utf8)
        appendJSON(optional: group.type)
        append(contentsOf: ",\"state\":".utf8)
        appendJSON(optional: group.state)
        append(contentsOf: ",\"protocolType\":".utf8)
        appendJSON(group.protocolType.utf8)
        append(contentsOf: "}\n".utf8)
    }
}
