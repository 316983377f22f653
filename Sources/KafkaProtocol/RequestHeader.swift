import Bytes

/// What stands in front of each request.
public struct RequestHeader: Sendable {
    /// The number of the request as sent; it may be one that `ApiKey` does not know.
    public var requestApiKey: Int16
    public var requestApiVersion: Int16
    public var correlationId: Int32
    public var clientId: String?

    public init(apiKey: ApiKey, version: Int16, correlationId: Int32, clientId: String?) {
        requestApiKey = apiKey.rawValue
        requestApiVersion = version
        self.correlationId = correlationId
        self.clientId = clientId
    }

    public var apiKey: ApiKey? { ApiKey(rawValue: requestApiKey) }

    /// Reads the header in the version that its own first fields tell; the body of the request follows.
    ///
    /// - Throws: `DecodeError.unsupportedVersion` when the key is unknown.
    public init(from cursor: inout ByteCursor) throws(DecodeError) {
        var ahead = cursor
        let key = ApiKey(rawValue: try ahead.int16())
        let version = try ahead.int16()
        guard let key else { throw .unsupportedVersion }
        try self.init(from: &cursor, headerVersion: key.requestHeaderVersion(version))
    }

    /// - Parameter headerVersion: what `ApiKey.requestHeaderVersion` says.
    public init(from cursor: inout ByteCursor, headerVersion: Int16) throws(DecodeError) {
        requestApiKey = try cursor.int16()
        requestApiVersion = try cursor.int16()
        correlationId = try cursor.int32()
        // The client id has a classic length in the flexible header too.
        clientId = try cursor.nullableString(compact: false)
        if headerVersion >= 2 { try cursor.skipTaggedFields() }
    }

    /// - Throws: `EncodeError.unsupportedVersion` when the key is unknown.
    public func encode(into writer: inout ByteWriter) throws(EncodeError) {
        guard let apiKey else { throw .unsupportedVersion }
        try encode(into: &writer, headerVersion: apiKey.requestHeaderVersion(requestApiVersion))
    }

    /// - Parameter headerVersion: what `ApiKey.requestHeaderVersion` says.
    public func encode(into writer: inout ByteWriter, headerVersion: Int16) throws(EncodeError) {
        writer.write(requestApiKey)
        writer.write(requestApiVersion)
        writer.write(correlationId)
        try writer.write(clientId, compact: false)
        if headerVersion >= 2 { writer.writeUnsignedVarint(0) }
    }
}

/// What stands in front of each response.
public struct ResponseHeader: Sendable {
    /// That of the request.
    public var correlationId: Int32

    @inlinable
    public init(correlationId: Int32) { self.correlationId = correlationId }

    /// - Parameter headerVersion: what `ApiKey.responseHeaderVersion` says.
    public init(from cursor: inout ByteCursor, headerVersion: Int16) throws(DecodeError) {
        correlationId = try cursor.int32()
        if headerVersion >= 1 { try cursor.skipTaggedFields() }
    }

    /// - Parameter headerVersion: what `ApiKey.responseHeaderVersion` says.
    @inlinable
    public func encode(into writer: inout ByteWriter, headerVersion: Int16) {
        writer.write(correlationId)
        if headerVersion >= 1 { writer.writeUnsignedVarint(0) }
    }
}
