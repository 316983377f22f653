import CMicrohttpd

extension LibraryConnection {
    /// Has the response sent. False where the library takes none at this moment.
    func send(_ response: HTTPResponse, closing: Bool) -> Bool {
        let made: OpaquePointer?
        switch response.body {
        case .bytes(let bytes): made = bytes.withUnsafeBytes { martlet_http_bytes($0.baseAddress, $0.count) }
        case .stream(let stream):
            stream.attach(self)
            made = LibraryConnection.response(stream)
        }
        guard let made else { return false }
        for line in response.headers.lines { _ = martlet_http_add_header(made, line.name, line.value) }
        if closing { _ = martlet_http_add_header(made, "Connection", "close") }
        return martlet_http_answer(pointer, UInt32(response.status.rawValue), made)
    }

    private static func response(_ stream: HTTPBodyStream) -> OpaquePointer? {
        let held = Unmanaged.passRetained(stream)
        let made = martlet_http_stream(
            16 << 10, held.toOpaque(),
            { argument, _, room, count in
                guard let argument, let room else { return martlet_http_end_with_error }
                return Unmanaged<HTTPBodyStream>.fromOpaque(argument).takeUnretainedValue().read(
                    into: UnsafeMutableRawBufferPointer(start: room, count: count))
            },
            { argument in
                guard let argument else { return }
                let stream = Unmanaged<HTTPBodyStream>.fromOpaque(argument).takeRetainedValue()
                stream.close()
            })
        if made == nil { held.release() }
        return made
    }
}
