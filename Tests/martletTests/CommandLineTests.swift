import Testing

@testable import martlet

/// The program's answers that need no broker.
struct CommandLineTests {
    @Test func theVersionIsTold() throws {
        let outcome = try Program.run(["--version"])
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("martlet \(Version.number)"))
        #expect(try Program.run(["version"]).output == outcome.output)
        #expect(try Program.run(["-V"]).output == outcome.output)
    }

    @Test(arguments: [
        ["--help"], ["help"], ["server", "--help"], ["topic", "--help"], ["topic", "create", "-h"],
        ["topic", "help"], ["topic", "help", "create"],
        ["help", "topic", "list"], ["help", "topic", "describe"], ["help", "topic", "delete"], ["help", "produce"],
        ["help", "consume"], ["topic", "alter", "-h"], ["config", "-h"], ["config", "get", "-h"],
        ["config", "set", "-h"], ["config", "unset", "-h"], ["cluster", "-h"], ["quota", "-h"], ["quota", "get", "-h"],
        ["quota", "set", "-h"], ["quota", "unset", "-h"], ["log", "-h"], ["log", "dump", "-h"],
        ["log", "verify", "-h"], ["doctor", "-h"], ["bench", "-h"], ["bench", "produce", "-h"],
        ["bench", "consume", "-h"], ["bench", "latency", "-h"],
        ["help", "completion"], ["help", "manual"],
    ])
    func helpTeaches(arguments: [String]) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
        #expect(outcome.output.contains("Usage:") && outcome.output.contains("Examples:"))
        #expect(!outcome.output.contains("\u{1B}"), "no colours but on a terminal")
    }

    @Test(arguments: [
        ([String](), "a command is missing"), (["topics"], "Did you mean 'martlet topic'?"),
        (["topic", "create"], "TOPIC is missing"), (["consume", "t", "--cuont", "1"], "Did you mean --count?"),
        (["consume", "t", "--from", "yesterday"], "must be beginning, end, an offset"),
        (["consume", "t", "--json", "--raw"], "exclude each other"),
        (["produce", "t", "--codec", "rar"], "must be one of none, gzip, snappy, lz4, zstd"),
        (["produce", "t", "-z", "gzip", "--level", "12"], "It has 1 to 9."),
        (["topic", "list", "--bootstrap", "a:b:c:"], "--bootstrap"),
        (["completion", "csh"], "must be one of bash, zsh, fish"),
        (["server", "--set", "novalue"], "must be KEY=VALUE"),
        (["doctor", "--listen", "9392"], "--listen 9392 is not HOST:PORT"),
        (["bench", "produce", "--size", "-1"], "--size must be from 0 to 1048576"),
        (["bench", "latency", "--size", "15"], "--size must be at least 16"),
        (["bench", "produce", "--rate", "0"], "--rate must be at least 1"),
        (["server", "--listen", "9392"], "--listen 9392 is not HOST:PORT"),
        (["server", "--advertise", "here"], "--advertise here is not HOST:PORT"),
        (["consume", "t", "--from-beginning"], "Did you mean --from?"),
        (["topic", "list", "--bootstrap-servers", "h:1"], "Did you mean --bootstrap-server?"),
    ])
    func mistakesEndWithTwo(arguments: [String], words: String) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains(words))
        #expect(outcome.errors.contains("usage: martlet"))
    }

    @Test(arguments: [["--help"], ["--version"], ["consume", "--help"], ["completion", "zsh"], ["manual"]])
    func anOutputThatCannotBeWrittenIsAFailure(arguments: [String]) throws {
        let outcome = try Program.run(arguments, writingTo: "/dev/full")
        #expect(outcome.status == 1)
        #expect(outcome.errors == "error: writing the output: No space left on device\n")
    }

    @Test func theHelpOfTheServerNamesItsDefaults() throws {
        let help = try Program.run(["server", "--help"]).output
        #expect(help.contains("port 9092)") && help.contains("(default: ./data)"))
    }

    @Test func whereToStartIsNotSaidToBeOneOfTwoWords() throws {
        #expect(!(try Program.run(["consume", "--help"]).output.contains("One of beginning, end")))
    }

    @Test func kafkasNameForTheBrokersToAskIsUnderstood() throws {
        let outcome = try Program.run(["topic", "list", "--bootstrap-server", "127.0.0.1:1", "--timeout", "1"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("127.0.0.1:1: cannot connect"))
    }

    @Test(arguments: [["topic", "list"], ["produce", "t"], ["consume", "t"], ["topic", "create", "t"]])
    func aBrokerThatIsNotThereEndsWithOneAndAdvice(arguments: [String]) throws {
        let outcome = try Program.run(arguments + ["--bootstrap", "127.0.0.1:1", "--timeout", "1"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("127.0.0.1:1: cannot connect: Connection refused"))
        #expect(outcome.errors.contains("--bootstrap HOST:PORT"))
    }

    @Test func aNameThatDoesNotResolveIsSaid() throws {
        let outcome = try Program.run(["topic", "list", "--bootstrap", "no-such-host.invalid:9092", "--timeout", "2"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("no address for no-such-host.invalid"))
    }
}
