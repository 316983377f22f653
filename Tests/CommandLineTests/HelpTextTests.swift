import Testing

@testable import CommandLine

private struct Copy: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "copy", abstract: "Copy things", discussion: "Words of explanation.",
            examples: [Example("copy one", "copy a --to b")], seeAlso: ["move"])
    }

    @Argument(valueName: "FROM", help: "What to copy.") var from: String
    @Option(valueName: "PLACE", help: "Where to.") var to: String
    @Option(name: .long(short: "n"), help: "How many copies that are to be made of the thing, which may be large.")
    var times = 1
    @Flag(inversion: .prefixedNo, help: "Keep going.") var force = false
}

struct HelpTextTests {
    @Test func aPageHasEverythingThatWasDeclared() {
        let page = HelpText(CommandDeclaration(of: Copy.self), style: .plain).rendered
        let expected = """
            copy: Copy things

            Usage:
              copy FROM --to PLACE [options]

            Words of explanation.

            Arguments:
              FROM  What to copy.

            Options:
              --to PLACE           Where to. (required)
              -n, --times TIMES    How many copies that are to be made of the thing, which
                                   may be large. (default: 1)
              --force, --no-force  Keep going.
              -h, --help           Show this help.

            Examples:
              # copy one
              copy a --to b

            See also:
              move

            """
        #expect(page == expected)
    }

    @Test func noLineIsWiderThanAsked() {
        let page = HelpText(CommandDeclaration(of: Copy.self), style: Style(isColored: false, width: 50)).rendered
        #expect(page.split(separator: "\n").allSatisfy { $0.count <= 50 })
    }

    @Test func coloursComeOnlyWithATerminalThatWantsThem() {
        #expect(Style(isTerminal: true, environment: [:]).isColored)
        #expect(Style(isTerminal: true, environment: ["NO_COLOR": ""]).isColored)
        #expect(!Style(isTerminal: true, environment: ["NO_COLOR": "1"]).isColored)
        #expect(!Style(isTerminal: true, environment: ["TERM": "dumb"]).isColored)
        #expect(!Style(isTerminal: false, environment: [:]).isColored)
        #expect(Style.plain.red("x") == "x")
        #expect(Style(isColored: true).red("x") == "\u{1B}[31mx\u{1B}[0m")
    }

    @Test func aUsageErrorShowsTheWayOut() throws {
        let error = #expect(throws: UsageError.self) { try CommandParser(Copy.self).parse(["a", "--too", "b"]) }
        let expected = """
            copy: unknown option --too
            Did you mean --to?
            usage: copy FROM --to PLACE [options]
            Try 'copy --help' for more.

            """
        #expect(error?.rendered(style: .plain) == expected)
    }

    @Test(arguments: [("kitten", "sitting", 3), ("ab", "ba", 1), ("", "abc", 3), ("same", "same", 0)])
    func editDistances(left: String, right: String, distance: Int) {
        #expect(editDistance(Array(left.utf8), Array(right.utf8)) == distance)
    }
}
