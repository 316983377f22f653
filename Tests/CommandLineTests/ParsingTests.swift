import Testing

@testable import CommandLine

private enum Codec: String, CaseIterable, ExpressibleByArgument {
    case none, gzip, zstd
}

private struct Connection: ParsableArguments {
    @Option(valueName: "HOST:PORT", help: "Brokers to ask first.")
    var bootstrap = "localhost:9092"

    func validate() throws {
        guard bootstrap.contains(":") else { throw ValidationError("--bootstrap wants HOST:PORT") }
    }
}

private struct Create: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "create", abstract: "Create topics")
    }

    @Argument(isRequired: true, help: "Topics to create.") var topics: [String]
    @Option(name: .long(short: "p"), help: "Partitions of each.") var partitions: Int32 = 1
    @Option(name: .customLong("config", short: "c"), valueName: "KEY=VALUE", help: "A setting.") var settings: [String]
    @Option(help: "Codec.") var codec: Codec = .none
    @Option(name: .customLong("owner", aliases: ["group", "team"]), help: "Whose it is.") var owner: String?
    @Option(help: "Replicas of each partition.") var replicationFactor: Int16?
    @Flag(name: .long(short: "q"), help: "Say nothing.") var quiet = false
    @Flag(name: .long(short: "v"), help: "Say more.") var verbose = false
    @Flag(inversion: .prefixedNo, help: "Wait until it is there.") var wait = true
    @OptionGroup(title: "Connection options") var connection: Connection
}

private struct Serve: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "serve", abstract: "Serve")
    }

    @Option(help: "Directory of the data.") var data: String
    @Argument(help: "A word.") var word: String?
}

private struct Tool: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tool", abstract: "A tool", subcommands: [Topic.self, Serve.self], version: "tool 1.2.3")
    }
}

private struct Topic: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "topic", abstract: "Topics", subcommands: [Create.self])
    }
}

private func parse<Command: ParsableCommand>(_ words: String...) throws -> Command {
    guard case .run(let command) = try CommandParser(Tool.self).parse(words) else {
        throw ValidationError("no command to run")
    }
    return try #require(command as? Command)
}

private func usageError(_ words: String...) -> UsageError? {
    do throws(UsageError) {
        _ = try CommandParser(Tool.self).parse(words)
        return nil
    } catch {
        return error
    }
}

struct ParsingTests {
    @Test func defaultsStandWhereNothingIsGiven() throws {
        let create: Create = try parse("topic", "create", "orders")
        #expect(create.topics == ["orders"])
        #expect(create.partitions == 1)
        #expect(create.settings.isEmpty)
        #expect(create.codec == .none)
        #expect(create.replicationFactor == nil)
        #expect(!create.quiet)
        #expect(create.wait)
        #expect(create.connection.bootstrap == "localhost:9092")
    }

    @Test func everyFormOfAnOptionIsRead() throws {
        let create: Create = try parse(
            "topic", "create", "a", "--partitions", "3", "b", "--replication-factor=2", "--codec", "zstd", "-c", "x=1",
            "--config=y=2", "-qv", "--no-wait", "--bootstrap", "h:1", "--", "--c")
        #expect(create.topics == ["a", "b", "--c"])
        #expect(create.partitions == 3)
        #expect(create.replicationFactor == 2)
        #expect(create.codec == .zstd)
        #expect(create.settings == ["x=1", "y=2"])
        #expect(create.quiet && create.verbose && !create.wait)
        #expect(create.connection.bootstrap == "h:1")
    }

    @Test(arguments: [["-p7"], ["-p", "7"], ["-p=7"], ["--partitions", "1", "--partitions", "7"], ["-qp7"]])
    func shortFormsAndTheLastOfSeveral(words: [String]) throws {
        guard case .run(let command) = try CommandParser(Tool.self).parse(["topic", "create", "a"] + words) else {
            throw ValidationError("no command")
        }
        #expect((command as? Create)?.partitions == 7)
    }

    @Test func anAliasIsUnderstoodAndSuggestedButNotShown() throws {
        for words in [["--owner", "us"], ["--group=us"], ["--team", "us"]] {
            guard case .run(let command) = try CommandParser(Tool.self).parse(["topic", "create", "a"] + words) else {
                throw ValidationError("no command")
            }
            #expect((command as? Create)?.owner == "us")
        }
        #expect(usageError("topic", "create", "a", "--groop", "us")?.hint == "Did you mean --group?")
        let page = HelpText(CommandDeclaration(of: Create.self), style: .plain).rendered
        #expect(page.contains("--owner") && !page.contains("--team"))
    }

    @Test func aNegativeNumberIsAValueAndAnOptionIsNot() throws {
        let create: Create = try parse("topic", "create", "a", "--replication-factor", "-1")
        #expect(create.replicationFactor == -1)
        let error = usageError("serve", "--data", "--word")
        #expect(error?.message == "--data wants a value")
        #expect(error?.hint == "Write --data=--word if that is the value.")
        let serve: Serve = try parse("serve", "--data=--word")
        #expect(serve.data == "--word")
    }

    @Test func badValuesSayWhatIsWanted() {
        #expect(
            usageError("topic", "create", "a", "-p", "x")?.message
                == "invalid value 'x' for --partitions: not a whole number")
        #expect(
            usageError("topic", "create", "a", "--replication-factor", "99999")?.message
                == "invalid value '99999' for --replication-factor: must be from -32768 to 32767")
        #expect(
            usageError("topic", "create", "a", "--codec", "lzw")?.message
                == "invalid value 'lzw' for --codec: must be one of none, gzip, zstd")
        #expect(usageError("topic", "create", "a", "--quiet=yes")?.message == "--quiet takes no value")
    }

    @Test func whatIsMissingOrTooMuchIsNamed() {
        #expect(usageError("topic", "create")?.message == "TOPICS is missing")
        #expect(usageError("serve")?.message == "--data is missing")
        #expect(usageError("serve", "--data")?.hint == "Write --data DATA.")
        #expect(usageError("serve", "--data", "x", "a", "b")?.message == "unexpected argument 'b'")
        #expect(usageError()?.message == "a command is missing")
        #expect(usageError("topic")?.command.fullName == "tool topic")
    }

    @Test func misspellingsAreRecognised() {
        #expect(usageError("topc")?.hint == "Did you mean 'tool topic'?")
        #expect(usageError("topic", "craete")?.hint == "Did you mean 'tool topic create'?")
        #expect(usageError("topic", "create", "a", "--partition", "3")?.hint == "Did you mean --partitions?")
        #expect(usageError("topic", "create", "a", "--no-wiat")?.hint == "Did you mean --no-wait?")
        #expect(usageError("topic", "create", "a", "--codec-of-batches", "x")?.hint == "Did you mean --codec?")
        #expect(usageError("topic", "create", "a", "--zzz")?.hint == nil)
        #expect(usageError("quux")?.hint == "Commands: topic, serve")
    }

    @Test func validationOfAGroupIsAUsageError() {
        let error = usageError("topic", "create", "a", "--bootstrap", "nowhere")
        #expect(error?.message == "--bootstrap wants HOST:PORT")
        #expect(error?.command.fullName == "tool topic create")
    }

    @Test func helpAndVersionAreAnswersNotErrors() throws {
        for words in [
            ["help", "topic", "create"], ["topic", "help", "create"], ["topic", "create", "--help"],
            ["topic", "create", "-p", "1", "-h"],
        ] {
            guard case .help(let declaration) = try CommandParser(Tool.self).parse(words) else {
                throw ValidationError("no help for \(words)")
            }
            #expect(declaration.fullName == "tool topic create")
        }
        for word in ["--version", "-V"] {
            guard case .version("tool 1.2.3") = try CommandParser(Tool.self).parse([word]) else {
                throw ValidationError("no version for \(word)")
            }
        }
        guard case .help(let topic) = try CommandParser(Tool.self).parse(["topic", "help"]) else {
            throw ValidationError("no help for the topics")
        }
        #expect(topic.fullName == "tool topic")
        guard case .help(let all) = try CommandParser(Tool.self).parse(["help"]) else {
            throw ValidationError("no help")
        }
        #expect(all.subcommands.map(\.configuration.commandName) == ["topic", "serve"])
    }

    @Test func aDeclarationHoldsWhatCompletionNeeds() throws {
        let create = CommandDeclaration(of: Tool.self).subcommands[0].subcommands[0]
        let codec = try #require(create.parameters.first { $0.name == "codec" })
        #expect(codec.valueKind == .choice(["none", "gzip", "zstd"]))
        #expect(codec.defaultText == "none")
        #expect(create.parameters.first { $0.name == "partitions" }?.valueKind == .number)
        #expect(create.parameters.first { $0.name == "bootstrap" }?.section == "Connection options")
        #expect(create.parameters.first { $0.name == "topics" }?.isRepeated == true)
    }
}
