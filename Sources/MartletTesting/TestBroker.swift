import Broker
import Configuration
import Files
import Glibc

/// A broker inside the process of a test: a port of its own, a directory of its own, ready when `init` returns.
///
///     let broker = try TestBroker()
///     defer { broker.stop() }
///     connect(to: broker.bootstrap)
public final class TestBroker {
    /// `127.0.0.1:PORT`, for a client's `bootstrap.servers`. The port stays over restarts.
    public var bootstrap: String { "127.0.0.1:\(port)" }
    public private(set) var port: UInt16
    /// Where it keeps its data; removed by `stop` unless it was given.
    public let directory: String
    private let settings: [String: String]
    private let ownsDirectory: Bool
    private var server: BrokerServer?

    /// Starts a broker.
    ///
    /// - Parameters:
    ///   - settings: configuration keys and values, over the defaults. `log.dirs` has `directory` as its default.
    ///   - directory: data to start with and to keep; a temporary one where nil.
    public init(settings: [String: String] = [:], directory: String? = nil) throws {
        self.settings = settings
        ownsDirectory = directory == nil
        self.directory = try directory ?? TestBroker.temporaryDirectory()
        port = 0
        try start()
    }

    /// Starts again after `stop(keepingData:)`, on the same port.
    public func start() throws {
        precondition(server == nil, "the broker runs")
        var all = settings
        all["listeners"] = "PLAINTEXT://127.0.0.1:\(port)"
        all["log.dirs"] = settings["log.dirs"] ?? directory
        var input = ConfigurationInput()
        input.arguments = all.map { .init(key: $0.key, value: $0.value) }
        let server = try BrokerServer.start(BrokerConfiguration(input))
        self.server = server
        port = server.endpoints.first?.port ?? 0
    }

    /// Stops cleanly. The data is removed with a temporary directory unless it is to be kept for another `start`.
    public func stop(keepingData: Bool = false) {
        server?.stop()
        server = nil
        if ownsDirectory, !keepingData { removeDirectory() }
    }

    deinit {
        if server != nil { stop() }
    }

    private static func temporaryDirectory() throws -> String {
        var template = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else { throw TestBrokerError(description: "no temporary directory") }
        return String(cString: path)
    }

    private func removeDirectory() {
        try? RealFileSystem().removeDirectory(directory)
    }
}

/// Why a test broker did not start.
public struct TestBrokerError: Error, CustomStringConvertible {
    public let description: String
}
