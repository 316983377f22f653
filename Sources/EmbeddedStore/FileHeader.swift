import Bytes

/// The first bytes of a journal or snapshot, big-endian: magic (8 bytes), format u32, offset i64, controller epoch i32,
/// time i64, CRC-32C u32 of all that.
struct FileHeader: Equatable {
    enum Kind: String {
        case journal = "MRTLMETA"
        case snapshot = "MRTLSNAP"
    }

    static let size = 36
    static let format: UInt32 = 1

    var kind: Kind
    /// The first offset of a journal; the offset behind the last record of a snapshot.
    var offset: Int64
    var controllerEpoch: Int32
    /// Milliseconds since 1970.
    var time: Int64

    func encode(into writer: inout ByteWriter) {
        let start = writer.count
        writer.writeText(kind.rawValue)
        writer.write(FileHeader.format)
        writer.write(offset)
        writer.write(controllerEpoch)
        writer.write(time)
        let checksum = writer.withUnsafeBytes { Frame.checksum(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        writer.write(checksum)
    }

    init(_ kind: Kind, offset: Int64, controllerEpoch: Int32, time: Int64) {
        self.kind = kind
        self.offset = offset
        self.controllerEpoch = controllerEpoch
        self.time = time
    }

    /// The header of a file of this kind.
    init(_ kind: Kind, of bytes: UnsafeRawBufferPointer, path: String) throws(StoreError) {
        let damage = StoreError.corrupt(path: path, position: 0, .header)
        var cursor = ByteCursor(bytes)
        guard let magic = try? cursor.take(8), magic.elementsEqual(kind.rawValue.utf8),
            let format = try? cursor.uint32(), let offset = try? cursor.int64(), let epoch = try? cursor.int32(),
            let time = try? cursor.int64(),
            let checksum = try? cursor.uint32(),
            Frame.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<(FileHeader.size - 4)])) == checksum
        else { throw damage }
        guard format == FileHeader.format else { throw .unsupportedFormat(path: path, format: format) }
        self.init(kind, offset: offset, controllerEpoch: epoch, time: time)
    }
}
