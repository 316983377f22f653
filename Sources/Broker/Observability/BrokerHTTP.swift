import Configuration
import HTTPServer
import Metrics
import Runtime

/// What a broker serves over HTTP: its health and its metrics.
enum BrokerHTTP {
    /// Starts to serve where the configuration says so; nil where it names no address.
    static func start(
        _ configuration: BrokerConfiguration.Observability, _ status: BrokerStatus
    ) throws(StartupError) -> HTTPServer? {
        guard !configuration.httpListeners.isEmpty else { return nil }
        do {
            return try HTTPServer.start(
                on: configuration.httpListeners.map { HostPort(host: $0.host, port: $0.port) }, routes: routes(status))
        } catch {
            throw StartupError(.environment, "\(error)")
        }
    }

    static func routes(_ status: BrokerStatus) -> HTTPRoutes {
        var routes = HTTPRoutes()
        routes.add(.get, "/health/live") { _, responder in
            responder.respond(.json("{\"status\":\"\(status.phase.name)\"}\n"))
        }
        routes.add(.get, "/health/ready") { _, responder in responder.respond(readiness(status)) }
        routes.add(.get, "/metrics") { _, responder in
            guard let metrics = status.metrics else {
                responder.respond(.text("The broker is starting.\n", status: .serviceUnavailable))
                return
            }
            metrics { responder.respond(response($0)) }
        }
        return routes
    }

    /// 200 when the broker takes clients; before, how far it has come.
    private static func readiness(_ status: BrokerStatus) -> HTTPResponse {
        let phase = status.phase
        let logs = status.logs
        let json = """
            {"status":"\(phase.name)","logs":{"found":\(logs.found),"open":\(logs.open),"failed":\(logs.failed)},\
            "startMilliseconds":\(status.startDuration.milliseconds)}

            """
        return .json(json, status: phase == .running ? .ok : .serviceUnavailable)
    }

    private static func response(_ metrics: Result<[UInt8], MetricsUnavailable>) -> HTTPResponse {
        switch metrics {
        case .success(let text): HTTPResponse(.ok, contentType: ExpositionWriter.contentType, .bytes(text))
        case .failure(let error): .text(error.reason + "\n", status: .serviceUnavailable)
        }
    }
}
