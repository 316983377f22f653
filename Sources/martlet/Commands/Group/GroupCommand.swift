import CommandLine

struct GroupCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "group",
            abstract: "List, describe and explain consumer groups, and move or delete their offsets",
            discussion: """
                Groups of both protocols: those whose members assign partitions among themselves (classic), and those \
                for which the broker does (consumer, KIP-848).
                """,
            examples: [
                Example("see what there is", "martlet group list"),
                Example("who reads what, and how far behind", "martlet group describe billing"),
                Example("why it rebalanced", "martlet group explain billing"),
                Example(
                    "read a topic again from the beginning",
                    "martlet group reset-offsets billing --topic orders --to-earliest --execute"),
            ],
            subcommands: [
                GroupListCommand.self, GroupDescribeCommand.self, GroupExplainCommand.self,
                GroupResetOffsetsCommand.self,
                GroupDeleteCommand.self, GroupDeleteOffsetsCommand.self,
            ], seeAlso: ["martlet consume", "martlet topic describe"])
    }
}
