import CMicrohttpd

/// A connection of the library, which may be named by any thread and touched as its functions allow.
struct LibraryConnection: Sendable, Hashable {
    /// The address that the library knows it by. As a number, since a connection is put back into the loop by whichever
    /// thread has the answer.
    private let address: Int

    init(_ pointer: OpaquePointer) { address = Int(bitPattern: pointer) }

    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }

    /// Only from the library's thread, within a call for this connection.
    func suspend() { martlet_http_suspend(pointer) }

    /// Only after `suspend`, once.
    func resume() { martlet_http_resume(pointer) }

    /// The header lines of the request that is being read.
    var headers: HTTPHeaders {
        var headers = HTTPHeaders()
        withUnsafeMutablePointer(to: &headers) { place in
            martlet_http_headers(pointer, place) { place, name, value in
                guard let place, let name, let value else { return }
                place.assumingMemoryBound(to: HTTPHeaders.self).pointee.add(
                    String(cString: name), String(cString: value))
            }
        }
        return headers
    }
}
