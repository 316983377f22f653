import CommandLine

struct TopicCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "topic", abstract: "Create, list, describe, alter and delete topics",
            examples: [
                Example("make one with three partitions", "martlet topic create orders --partitions 3"),
                Example("see what there is", "martlet topic list"),
                Example("see who leads what", "martlet topic describe orders"),
                Example("give it more partitions", "martlet topic alter orders --partitions 12"),
            ],
            subcommands: [
                TopicCreateCommand.self, TopicListCommand.self, TopicDescribeCommand.self, TopicAlterCommand.self,
                TopicDeleteCommand.self,
            ], seeAlso: ["martlet produce", "martlet consume"])
    }
}
