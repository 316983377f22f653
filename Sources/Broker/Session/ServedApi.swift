import KafkaProtocol

/// An API that this broker serves. One list of them yields both the dispatch and the ApiVersions answer.
struct ServedApi {
    let key: ApiKey
    let versions: ClosedRange<Int16>
    let advertised: ClosedRange<Int16>
    let handle: (Request, ClientSession) throws -> Void
    /// Answers a version that is not served; nil where that ends the connection.
    let refuse: ((RequestHead, ClientSession) -> Void)?

    /// Serves all versions of the 4.3 table.
    init(
        _ key: ApiKey, _ handle: @escaping (Request, ClientSession) throws -> Void,
        refuse: ((RequestHead, ClientSession) -> Void)? = nil
    ) {
        self.key = key
        versions = key.row.versions
        advertised = key.row.advertisedVersions
        self.handle = handle
        self.refuse = refuse
    }
}

/// The served APIs by key, for the dispatch.
struct DispatchTable {
    /// By key.
    let apis: [ServedApi]
    private let byKey: [ServedApi?]

    init(_ apis: [ServedApi]) {
        var byKey = [ServedApi?](repeating: nil, count: Int(apis.map(\.key.rawValue).max() ?? 0) + 1)
        for api in apis { byKey[Int(api.key.rawValue)] = api }
        self.byKey = byKey
        self.apis = apis.sorted { $0.key.rawValue < $1.key.rawValue }
    }

    subscript(key: Int16) -> ServedApi? {
        guard key >= 0, Int(key) < byKey.count else { return nil }
        return byKey[Int(key)]
    }
}
