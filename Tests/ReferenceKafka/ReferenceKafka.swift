import Foundation
import Glibc
import Synchronization

/// Apache Kafka from the folder that KAFKA_HOME names: one broker for all tests of a process, on a free port, in a temporary
/// folder, ended with the process.
public final class ReferenceKafka: Sendable {
    public let port: UInt16
    public var bootstrap: String { "127.0.0.1:\(port)" }

    /// The broker, started at first use; nil, after a line that says why, when it cannot be had.
    public static func shared() -> ReferenceKafka? { started }

    private static let started: ReferenceKafka? = {
        guard let home = ProcessInfo.processInfo.environment["KAFKA_HOME"] else {
            print("SKIPPED: KAFKA_HOME names no Apache Kafka to test with")
            return nil
        }
        do {
            return try ReferenceKafka(home: home)
        } catch {
            print("SKIPPED: Apache Kafka does not start: \(error)")
            return nil
        }
    }()

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The broker's process and folder, for the end of this one.
    private static let running = Mutex<(pid: Int32, folder: String)?>(nil)

    private init(home: String) throws {
        let folder = NSTemporaryDirectory() + "reference-kafka-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let ports = try ReferenceKafka.freePorts(2)
        port = ports[0]
        let settings = """
            process.roles=broker,controller
            node.id=1
            listeners=PLAINTEXT://127.0.0.1:\(ports[0]),CONTROLLER://127.0.0.1:\(ports[1])
            advertised.listeners=PLAINTEXT://127.0.0.1:\(ports[0])
            controller.listener.names=CONTROLLER
            controller.quorum.bootstrap.servers=127.0.0.1:\(ports[1])
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
            log.dirs=\(folder)/data
            offsets.topic.replication.factor=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            """
        let file = folder + "/server.properties"
        try settings.write(toFile: file, atomically: true, encoding: .utf8)
        let format = try ReferenceKafka.start(
            home, "kafka-storage.sh", ["format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", file, "--standalone"], folder)
        format.waitUntilExit()
        guard format.terminationStatus == 0 else { throw Failure(description: "formatting failed") }
        let server = try ReferenceKafka.start(home, "kafka-server-start.sh", [file], folder)
        ReferenceKafka.running.withLock { $0 = (server.processIdentifier, folder) }
        atexit { ReferenceKafka.end() }
        try ReferenceKafka.awaitPort(ports[0], of: server)
    }

    private static func start(
        _ home: String, _ script: String, _ arguments: [String], _ folder: String
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: home + "/bin/" + script)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["LOG_DIR"] = folder + "/logs"
        environment["KAFKA_HEAP_OPTS"] = "-Xms256m -Xmx512m"
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func freePorts(_ count: Int) throws -> [UInt16] {
        let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        defer { for descriptor in sockets { close(descriptor) } }
        return try sockets.map { descriptor in
            var address = loopback(0)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            guard isBound else { throw Failure(description: "no free port") }
            return UInt16(bigEndian: address.sin_port)
        }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// A broker says nowhere that it listens now, so connecting is tried until it works.
    private static func awaitPort(_ port: UInt16, of server: Process) throws {
        for _ in 0..<600 {
            guard server.isRunning else { throw Failure(description: "it ended with \(server.terminationStatus)") }
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = loopback(port)
            let isOpen = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isOpen { return }
            usleep(100_000)
        }
        throw Failure(description: "it does not listen after a minute")
    }

    private static func end() {
        guard let (pid, folder) = running.withLock({ $0 }) else { return }
        kill(pid, SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }
}
