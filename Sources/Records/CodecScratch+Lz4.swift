import Bytes
import CLz4

/// One lz4 frame of independent blocks, the only kind that Kafka's clients in Java read.
extension CodecScratch {
    private static let lz4Magic: [UInt8] = [0x04, 0x22, 0x4D, 0x18]

    func decompressLz4(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(CodecError) {
        guard CodecScratch.isReadableLz4Frame(bytes) else { throw .corrupt }
        let context = readyLz4Decompressor()
        var isAtEnd = false
        // The reset of the library before 1.10 keeps what was left of an announced content size, and would refuse
        // every frame from then on.
        defer { if !isAtEnd { discardLz4Decompressor() } }
        var consumed = 0
        while true {
            var hint = 0
            var taken = bytes.count - consumed
            let filled = try extendOutput(limit: limit) { room in
                var written = room.count
                hint = LZ4F_decompress(
                    context, room.baseAddress, &written, bytes.baseAddress.map { $0 + consumed }, &taken, nil)
                return LZ4F_isError(hint) == 0 ? written : 0
            }
            guard LZ4F_isError(hint) == 0 else { throw .corrupt }
            consumed += taken
            if hint == 0 {
                isAtEnd = true
                guard consumed == bytes.count else { throw .corrupt }
                return
            }
            guard filled || consumed < bytes.count else { throw .corrupt }
        }
    }

    /// Version 1, independent blocks, no dictionary, a block size of 64 KiB to 4 MiB, reserved bits clear: what Java's
    /// reader asks for. A frame that the library alone can read would poison the partition for other consumers.
    private static func isReadableLz4Frame(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 7, bytes.starts(with: lz4Magic) else { return false }
        let flags = bytes[4]
        let descriptor = bytes[5]
        return flags & 0b1110_0011 == 0b0110_0000 && descriptor & 0b1000_1111 == 0 && descriptor >> 4 >= 4
    }

    func compressLz4(_ bytes: UnsafeRawBufferPointer, level: Int, into target: inout ByteWriter) {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.compressionLevel = CodecScratch.lz4LibraryLevel(level)
        preferences.autoFlush = 1
        let context = readyLz4Compressor()
        let bound = Int(LZ4F_HEADER_SIZE_MAX) + LZ4F_compressBound(bytes.count, &preferences)
        target.append(atMost: bound) { room in
            guard let start = room.baseAddress else { return 0 }
            var written = 0
            func advance(_ result: Int) {
                precondition(LZ4F_isError(result) == 0, "lz4 needs more than it said it would")
                written += result
            }
            advance(LZ4F_compressBegin(context, start, room.count, &preferences))
            if !bytes.isEmpty {
                advance(
                    LZ4F_compressUpdate(
                        context, start + written, room.count - written, bytes.baseAddress, bytes.count, nil))
            }
            advance(LZ4F_compressEnd(context, start + written, room.count - written, nil))
            return written
        }
    }

    /// Kafka's default of 9 means the fast compressor, every other level the high-compression one, which has 3 to 12 here.
    private static func lz4LibraryLevel(_ level: Int) -> Int32 {
        level == Compression.lz4.defaultLevel ? 0 : Int32(min(max(level, 3), 12))
    }

    private func readyLz4Decompressor() -> OpaquePointer? {
        if let lz4Decompressor { return lz4Decompressor }
        let status = LZ4F_createDecompressionContext(&lz4Decompressor, UInt32(LZ4F_VERSION))
        precondition(LZ4F_isError(status) == 0, "no memory for an lz4 context")
        return lz4Decompressor
    }

    func discardLz4Decompressor() {
        LZ4F_freeDecompressionContext(lz4Decompressor)
        lz4Decompressor = nil
    }

    private func readyLz4Compressor() -> OpaquePointer? {
        if let lz4Compressor { return lz4Compressor }
        let status = LZ4F_createCompressionContext(&lz4Compressor, UInt32(LZ4F_VERSION))
        precondition(LZ4F_isError(status) == 0, "no memory for an lz4 context")
        return lz4Compressor
    }
}
