import CommandLine
import Files
import Glibc
import LogStorage
import Runtime

struct LogVerifyCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify", abstract: "Compare checksums, offsets and indexes of partitions",
            discussion: """
                Reads every byte of the logs and changes nothing. What looks damaged is read a second time before it is \
                shown, since a running broker changes files. The command ends with 1 where there is damage. A broker \
                makes damaged indexes anew when it starts; damaged batches it serves never, and the rest of the log as \
                before.
                """,
            examples: [
                Example("all partitions of a log directory", "martlet log verify ./data"),
                Example("one partition", "martlet log verify ./data/orders-0"),
            ], seeAlso: ["martlet log dump"])
    }

    /// Microseconds until what looks damaged is looked at again: longer than a broker's write or change of names takes.
    private static let pause: UInt32 = 300_000

    @Argument(
        isRequired: true, valueName: "DIR", kind: .directory, help: "Log directories, or directories of partitions.")
    var directories: [String]

    func run() throws {
        ProcessSetup.ignoreBrokenPipes()
        let terminal = Terminal.current()
        let verifier = LogVerifier(RealFileSystem())
        var found = LogVerification()
        var partitionCount = 0
        for directory in directories {
            guard let partitions = try verifier.partitionDirectories(in: directory) else {
                terminal.writeError(
                    "\(terminal.errorStyle.red("error")): \(directory) is no log directory, and none of a partition\n")
                throw ExitCode.failure
            }
            partitionCount += partitions.count
            for partition in partitions { found.add(try verify(partition, verifier)) }
        }
        do throws(OutputError) {
            try terminal.write(LogVerifyCommand.report(found, partitionCount))
        } catch {
            if error != .closed { throw error }
        }
        if !found.damage.isEmpty { throw ExitCode.failure }
    }

    private static func report(_ found: LogVerification, _ partitionCount: Int) -> String {
        var text = ""
        for damage in found.damage {
            text += "\(damage.path)\(damage.position.map { ":\($0)" } ?? ""): \(damage.reason)\n"
        }
        let batches = "\(grouped(found.batches)) batch\(found.batches == 1 ? "" : "es")"
        text += "\(counted(partitionCount, "partition")), \(counted(found.segments, "segment")), \(batches), "
        text += "\(byteCountText(found.bytes)): "
        return text + (found.damage.isEmpty ? "no damage\n" : "\(counted(found.damage.count, "damaged place"))\n")
    }

    private func verify(_ partition: String, _ verifier: LogVerifier) throws -> LogVerification {
        do throws(FileError) {
            let first = try verifier.verify(partition: partition)
            if first.damage.isEmpty { return first }
            usleep(LogVerifyCommand.pause)
            return try verifier.verify(partition: partition)
        } catch {
            // The topic was deleted meanwhile.
            if error.isMissing, try RealFileSystem().status(partition) == nil { return LogVerification() }
            throw error
        }
    }
}
