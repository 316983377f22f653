/// Writes `ApiKey` and the version table from all schemas.
enum ApiTableCode {
    static func file(_ schemas: [Schema]) -> String {
        var source = SourceText()
        MessageCode.banner(of: "all requests in Schemas", into: &source)
        let apis = schemas.compactMap { schema in
            schema.messages.first { $0.kind == .request }.flatMap { request in
                schema.api.map { (api: $0, request: request) }
            }
        }.sorted { $0.api.key < $1.api.key }
        source.line("/// The number of a request on the wire.")
        source.block("public enum ApiKey: Int16, CaseIterable, Sendable") { source in
            for (api, _) in apis { source.line("case \(api.caseName) = \(api.key)") }
        }
        source.line()
        source.block("extension ApiVersionTable") { source in
            source.line("static let rows: [ApiVersionTable.Row] = [")
            for (api, request) in apis { source.line("    \(row(api, request)),") }
            source.line("]")
        }
        return source.text
    }

    private static func row(_ api: Schema.Api, _ request: Message) -> String {
        let last = request.newestIsUnstable ? request.versions.last - 1 : request.versions.last
        let listeners = api.listeners.map { ".\($0)" }.joined(separator: ", ")
        return "Row(.\(api.caseName), \"\(api.name)\", \(request.versions.first)...\(last), "
            + "flexibleFrom: \(request.flexibleFrom.map { "\($0)" } ?? ".max"), on: [\(listeners)])"
    }
}
