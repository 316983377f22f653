import CommandLine
import Configuration
import Runtime

struct DoctorCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "doctor", abstract: "Find out what is wrong with a machine, a configuration or a cluster",
            discussion: """
                Without --bootstrap it looks at what a broker with these options would find here: limits, memory, the \
                clock, the disk and how long its syncs take, addresses, and settings that do not go together. It may \
                run beside the broker, and leaves nothing behind. With --bootstrap it looks at a running cluster: \
                whether the addresses that clients are told lead back to it, clocks, versions, partitions, disks. \
                With both it looks at both.

                Each finding comes with what to do. The command ends with 1 when there is an error.
                """,
            examples: [
                Example("before a broker starts", "martlet doctor --listen localhost:9092 --data ./data"),
                Example("the service of this machine", "sudo martlet doctor --config /etc/martlet/server.properties"),
                Example(
                    "a running cluster, for a check by machines", "martlet doctor --bootstrap localhost:9092 --json"),
            ], seeAlso: ["martlet server", "martlet cluster", "martlet log verify"])
    }

    @OptionGroup var broker: BrokerOptions
    @Option(
        name: .customLong("bootstrap", short: "b", aliases: ["bootstrap-server"]), valueName: "HOST:PORT",
        help: "A running cluster to look at; several brokers with commas between.")
    var bootstrap: BootstrapServers?
    @Option(valueName: "SECONDS", help: "How long to try to reach each broker.")
    var timeout = 10
    @Flag(help: "End with 1 for warnings, too.")
    var strict = false
    @Flag(help: "Write a JSON object.")
    var json = false

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout must be at least 1") }
    }

    func run() throws {
        var diagnosis = Diagnosis()
        if bootstrap == nil || !broker.isEmpty { diagnosis.examineHere(broker) }
        if let bootstrap {
            diagnosis.examine(try ClusterExamination.facts(bootstrap, timeout: timeout))
        }
        let terminal = Terminal.current()
        try terminal.write(json ? diagnosis.json : Array(diagnosis.text(terminal.outputStyle).utf8))
        if !diagnosis.isHealthy(isStrict: strict) { throw ExitCode.failure }
    }
}

extension Diagnosis {
    /// Looks at this machine as a broker with these options would find it.
    mutating func examineHere(_ options: BrokerOptions) {
        let configuration = readConfiguration(options)
        let paths = configuration?.logDirectories ?? options.data?.split(separator: ",").map(String.init) ?? []
        let directories = paths.map { DirectoryFacts.read(absolutePath($0)) }
        let machine = MachineFacts.read()
        examine(machine, configuration, partitionCount: directories.reduce(0) { $0 + $1.partitionCount })
        if let configuration { examine(configuration) }
        examine(directories, configuration, now: machine.clock.now)
        if let configuration {
            examine(ListenerFacts.read(configuration), holders: directories.compactMap(\.holder))
        }
    }

    private mutating func readConfiguration(_ options: BrokerOptions) -> BrokerConfiguration? {
        do {
            return try BrokerConfiguration(try options.configurationInput())
        } catch let problems as ConfigurationProblems {
            examine(problems)
        } catch {
            find(
                .error, "settings.file", "--config: \(error)", why: "The broker does not start.",
                fix: "name a file that this user may read")
        }
        return nil
    }
}
