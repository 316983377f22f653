import CommandLine
import Glibc

@main
struct Martlet: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "martlet", abstract: "a Kafka-compatible event-streaming broker, and its tools",
            discussion: """
                Start a broker with 'martlet server', make a topic with 'martlet topic create', write to it with \
                'martlet produce' and read it with 'martlet consume'. The tools speak Kafka's protocol: they work \
                with any Kafka broker, and Kafka's clients work with this one.
                """,
            examples: [
                Example("a broker with its data in ./data", "martlet server --listen localhost:9092 --data ./data"),
                Example("a topic, a record, and the record again", "martlet topic create greetings"),
                Example("write a line", "echo hello | martlet produce greetings"),
                Example("read all there is", "martlet consume greetings --from beginning --until-end"),
            ],
            subcommands: [
                ServerCommand.self, TopicCommand.self, ConfigCommand.self, ProduceCommand.self, ConsumeCommand.self,
                GroupCommand.self, ClusterCommand.self, QuotaCommand.self, LogCommand.self, DoctorCommand.self,
                BenchCommand.self,
                CompletionCommand.self, ManualCommand.self,
            ],
            version: Version.text)
    }

    static func main() {
        let terminal = Terminal.current()
        var arguments = Swift.CommandLine.arguments.dropFirst()[...]
        if arguments.first == "version" { arguments = ["--version"] }
        exit(run(Array(arguments), terminal).rawValue)
    }

    /// Does what the arguments say and answers with the status to end with.
    static func run(_ arguments: [String], _ terminal: Terminal) -> ExitCode {
        do throws(UsageError) {
            switch try CommandParser(Martlet.self).parse(arguments) {
            case .help(let command): return terminal.show(HelpText(command, style: terminal.outputStyle).rendered)
            case .version(let text): return terminal.show(text + "\n")
            case .run(let command as any SelfDescribingCommand):
                return terminal.show(command.text(of: CommandDeclaration(of: Martlet.self)))
            case .run(var command): return run(&command, terminal)
            }
        } catch {
            terminal.writeError(error.rendered(style: terminal.errorStyle))
            return .usage
        }
    }

    private static func run(_ command: inout any ParsableCommand, _ terminal: Terminal) -> ExitCode {
        do {
            try command.run()
            return .success
        } catch let code as ExitCode {
            return code
        } catch {
            terminal.writeError("\(terminal.errorStyle.red("error")): \(error)\n")
            return .failure
        }
    }
}
