import Testing

@testable import CommandLine

private enum Colour: String, CaseIterable, ExpressibleByArgument {
    case red, green
}

private struct Paint: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "paint", abstract: "Paint it", examples: [Example("a door", "tool paint door --name 'x\\ty'")])
    }

    @Argument(valueName: "THING", kind: .file, help: "What to paint. It may be wet.") var thing: String
    @Option(name: .customLong("colour", short: "c", aliases: ["color"]), help: "Which [one]: it's a choice.")
    var colour: Colour = .red
    @Option(valueName: "DIR", kind: .directory, help: "Where.") var place: String?
    @Option(valueName: "KEY=VALUE", help: "A note.") var note: [String]
    @Flag(inversion: .prefixedNo, help: "Let it dry.") var dry = true
}

private struct Tool: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tool", abstract: "a tool", discussion: "'tool' has -one- command.", subcommands: [Paint.self],
            version: "tool 1.2")
    }
}

private let tool = CommandDeclaration(of: Tool.self)

/// What is generated from a tree of commands. Whether shells and `man` understand it is tested with them.
struct GeneratedTests {
    @Test func bashLearnsCommandsOptionsAndValues() {
        let script = Completion(tool, shell: .bash).script
        #expect(script.contains("'tool/paint') command+="))
        #expect(script.contains("values='paint help' options='--help --version'"))
        #expect(script.contains("-c | --colour | --color) options= values='red green' ;;"))
        #expect(script.contains("--place) options= paths=-d ;;"))
        #expect(script.contains("--note) : ;;"))
        #expect(script.contains("*) options='--colour --place --note --dry --no-dry --help' paths=-f ;;"))
    }

    @Test func zshLearnsWhatExcludesWhat() {
        let script = Completion(tool, shell: .zsh).script
        #expect(script.hasPrefix("#compdef tool\n"))
        #expect(
            script.contains(#"'(-c --colour)'{-c+,--colour=}'[Which \[one\]\: it'\''s a choice]:COLOUR:(red green)'"#))
        #expect(script.contains("'*--note=[A note]:KEY=VALUE: '"))
        #expect(script.contains("'(--dry --no-dry)--no-dry[Not\\: Let it dry]'"))
        #expect(script.contains("':THING:_files'"))
    }

    @Test func fishLearnsWhereAnOptionBelongs() {
        let script = Completion(tool, shell: .fish).script
        let start = "complete -c tool -n '__tool_is_at tool paint'"
        #expect(script.contains(#"\#(start) -l colour -s c -r -f -a 'red green' -d 'Which [one]: it\'s a choice'"#))
        #expect(script.contains("\(start) -l note -x -d 'A note'"))
        #expect(script.contains("complete -c tool -n '__tool_is_at tool' -a paint -d 'Paint it'"))
    }

    @Test func aManualPageIsRoff() {
        let expected = #"""
            .TH "TOOL" 1 "" "tool 1.2" "User Commands"
            .nh
            .ad l
            .SH NAME
            tool \- a tool
            .SH SYNOPSIS
            .B tool paint THING [options]
            .SH DESCRIPTION
            \&\(aqtool\(aq has \-one\- command.
            .SH COMMANDS
            .SS "tool paint"
            Paint it.
            .TP
            .B THING
            What to paint. It may be wet.
            .TP
            .B \-c, \-\-colour COLOUR
            Which [one]: it\(aqs a choice. One of red, green. (default: red)
            .TP
            .B \-\-place DIR
            Where.
            .TP
            .B \-\-note KEY=VALUE
            A note. May be given several times.
            .TP
            .B \-\-dry, \-\-no\-dry
            Let it dry. (default: on)
            .PP
            Example: a door
            .PP
            .RS 4
            .nf
            tool paint door \-\-name \(aqx\ety\(aq
            .fi
            .RE
            .SH EXIT STATUS
            .TP
            .B 0
            What was asked for is done.
            .TP
            .B 1
            It failed; the error stream says why.
            .TP
            .B 2
            The command line or the configuration is wrong.
            .TP
            .B 130
            It was interrupted.

            """#
        #expect(ManualPage(tool).rendered == expected)
    }

    @Test func charactersOutsideOfASCIIAreNamed() {
        let usage = ManualPage(CommandDeclaration(of: Many.self)).rendered
        #expect(usage.contains(".B many WORD\\[u2026]\n"))
    }
}

private struct Many: ParsableCommand {
    static var configuration: CommandConfiguration { CommandConfiguration(commandName: "many", abstract: "many words") }

    @Argument(isRequired: true, valueName: "WORD", help: "Words.") var words: [String]
}
