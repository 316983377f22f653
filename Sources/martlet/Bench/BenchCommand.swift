import CommandLine

struct BenchCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "bench", abstract: "Measure how fast a cluster takes and gives records",
            discussion: """
                The client is this program, on one thread: where it needs a whole processor, more of them measure \
                more. Percentiles are shown as far as enough records lie beyond them. A topic is made for the time of \
                the benchmark and removed, unless --topic names one.
                """,
            examples: [
                Example("as fast as it goes, for ten seconds", "martlet bench produce"),
                Example(
                    "at a fixed rate, so that latencies say what users would see",
                    "martlet bench produce --rate 10000 --size 1000 --duration 30"),
                Example("reading", "martlet bench consume --records 1000000"),
                Example("from one client to another", "martlet bench latency --rate 1000"),
            ],
            subcommands: [BenchProduceCommand.self, BenchConsumeCommand.self, BenchLatencyCommand.self],
            seeAlso: ["martlet doctor"])
    }
}
