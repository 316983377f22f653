import CommandLine
import KafkaClientCore

struct QuotaGetCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "get", abstract: "Show quotas",
            discussion: "Those of all entities that have what is named as a part; all where nothing is named.",
            examples: [
                Example("all of them", "martlet quota get"),
                Example("of a user, with any client id or none", "martlet quota get --user ann"),
                Example("a JSON object a line", "martlet quota get --json"),
            ], seeAlso: ["martlet quota set"])
    }

    @OptionGroup(title: "Whose quotas") var target: QuotaEntityOptions
    @Flag(help: "Write a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.describeQuotas(of: target.entity) { result in
                switch result {
                case .failure(let error): session.fail(error)
                case .success(let quotas): show(quotas.sorted { $0.entity.text < $1.entity.text }, session)
                }
            }
        }
    }

    private func show(_ quotas: [DescribedQuotas], _ session: ClientSession) {
        if json {
            var output: [UInt8] = []
            for entry in quotas { output.appendQuotas(entry) }
            session.write(output)
        } else if quotas.isEmpty {
            session.terminal.writeError("no quota is set\n")
        } else {
            var table = TextTable(["for", "quota", "value"])
            for entry in quotas {
                for (key, value) in entry.values.sorted(by: { $0.key < $1.key }) {
                    table.append([entry.entity.text, key, value.quotaText])
                }
            }
            session.write(table.text)
        }
        session.finish()
    }
}

extension [UInt8] {
    fileprivate mutating func appendQuotas(_ quotas: DescribedQuotas) {
        append(contentsOf: "{\"entity\":{".utf8)
        var isFirst = true
        for kind in QuotaKind.allCases {
            guard let name = quotas.entity[kind] else { continue }
            append(contentsOf: (isFirst ? "\"\(kind.rawValue)\":" : ",\"\(kind.rawValue)\":").utf8)
            appendJSON(optional: name)
            isFirst = false
        }
        append(contentsOf: "},\"quotas\":{".utf8)
        appendList(quotas.values.sorted { $0.key < $1.key }) { output, entry in
            let (key, value) = entry
            output.appendJSON(key.utf8)
            output.append(contentsOf: ":\(value.isFinite ? value.quotaText : "null")".utf8)
        }
        append(contentsOf: "}}\n".utf8)
    }
}
