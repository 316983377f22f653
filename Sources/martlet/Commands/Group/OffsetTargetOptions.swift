import CommandLine

/// Where offsets are to go, as typed.
struct OffsetTargetOptions: ParsableArguments {
    @Flag(help: "To the first record that is there.")
    var toEarliest = false
    @Flag(help: "To the end.")
    var toLatest = false
    @Flag(help: "To where the group is; to the end in partitions that it has no offset of.")
    var toCurrent = false
    @Option(valueName: "N", help: "To this offset.")
    var toOffset: Int64?
    @Option(valueName: "N", help: "By so many records from where the group is; back where N is below 0.")
    var shiftBy: Int64?
    @Option(
        valueName: "TIME",
        help: "To the first record of this time or later, such as 2026-11-25T20:45:56Z; UTC where no zone is given.")
    var toDatetime: InstantArgument?
    @Option(valueName: "DURATION", help: "To the first record of the last 15m, 2h or 7d (or PT15M, P7D).")
    var byDuration: DurationArgument?
    @Option(valueName: "FILE", kind: .file, help: "To what a file says that --export wrote.")
    var fromFile: String?

    func validate() throws {
        let given = [
            toEarliest, toLatest, toCurrent, toOffset != nil, shiftBy != nil, toDatetime != nil, byDuration != nil,
            fromFile != nil,
        ].filter { $0 }.count
        guard given == 1 else {
            throw ValidationError(
                given == 0 ? "where to? nothing says so" : "only one of them can say where to",
                hint: """
                    Give one of --to-earliest, --to-latest, --to-current, --to-offset, --shift-by, --to-datetime, \
                    --by-duration and --from-file.
                    """)
        }
        if let toOffset, toOffset < 0 { throw ValidationError("--to-offset must be 0 or more") }
    }

    /// What is meant at that time. Nil where a file says it.
    func target(now: Int64) -> OffsetTarget? {
        if toEarliest { return .earliest }
        if toLatest { return .latest }
        if toCurrent { return .current }
        if let toOffset { return .offset(toOffset) }
        if let shiftBy { return .shift(shiftBy) }
        if let toDatetime { return .time(toDatetime.milliseconds) }
        if let byDuration { return .time(max(0, now - byDuration.milliseconds)) }
        return nil
    }
}

/// A moment: `2026-11-25T20:45:56Z`.
struct InstantArgument: ExpressibleByArgument {
    let milliseconds: Int64

    init(argument: String) throws(InvalidArgument) {
        guard let time = Instant.milliseconds(argument), time >= 0 else {
            throw InvalidArgument("must be a time since 1970 like 2026-11-25T20:45:56Z")
        }
        milliseconds = time
    }

    var argumentText: String { Instant.text(milliseconds) }
}

/// A length of time: `15m`, or `PT15M` as ISO 8601 has it.
struct DurationArgument: ExpressibleByArgument {
    let milliseconds: Int64

    init(argument: String) throws(InvalidArgument) {
        guard let duration = Instant.duration(argument) ?? Instant.durationOfISO8601(argument) else {
            throw InvalidArgument("must be a length of time like 15m, 2h, 7d or PT15M")
        }
        milliseconds = duration
    }

    var argumentText: String { "\(milliseconds / 1_000)s" }
}
