import Bytes
import CZstd

/// Zstandard frames, one or several, with or without a content size.
///
/// They are unpacked in one call straight into the output, which then serves as the window: so a frame that declares a
/// window of 128 MiB, as producers at the highest levels do, costs no more than the bytes it holds. How many those are
/// is not known beforehand; what does not fit the room that is there anyway is tried again with all that is allowed.
extension CodecScratch {
    func decompressZstd(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(CodecError) {
        let declared = ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
        if declared < ZSTD_CONTENTSIZE_ERROR, declared > limit { throw .tooLarge }
        let context = readyZstdDecompressor()
        var room = min(limit, output.capacity)
        while true {
            var result = 0
            output.append(atMost: room) { target in
                result = ZSTD_decompressDCtx(context, target.baseAddress, room, bytes.baseAddress, bytes.count)
                return ZSTD_isError(result) == 0 ? result : 0
            }
            if ZSTD_isError(result) == 0 { return }
            guard ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall else { throw .corrupt }
            guard room < limit else { throw .tooLarge }
            room = limit
        }
    }

    func compressZstd(_ bytes: UnsafeRawBufferPointer, level: Int, into target: inout ByteWriter) {
        let context = readyZstdCompressor()
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        target.append(atMost: ZSTD_compressBound(bytes.count)) { room in
            let result = ZSTD_compress2(context, room.baseAddress, room.count, bytes.baseAddress, bytes.count)
            precondition(ZSTD_isError(result) == 0, "zstd needs more than it said it would")
            return result
        }
    }

    private func readyZstdDecompressor() -> OpaquePointer? {
        if zstdDecompressor == nil { zstdDecompressor = ZSTD_createDCtx() }
        precondition(zstdDecompressor != nil, "no memory for a zstd context")
        return zstdDecompressor
    }

    private func readyZstdCompressor() -> OpaquePointer? {
        if zstdCompressor == nil { zstdCompressor = ZSTD_createCCtx() }
        precondition(zstdCompressor != nil, "no memory for a zstd context")
        return zstdCompressor
    }
}
