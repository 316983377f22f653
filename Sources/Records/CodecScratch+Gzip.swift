import Bytes
import CZlib

/// Gzip (RFC 1952). Several members one after another are read as one stream.
extension CodecScratch {
    /// 15 bits of window and a gzip wrapper in place of zlib's.
    private static let gzipWindowBits: Int32 = 15 + 16

    func decompressGzip(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(CodecError) {
        let stream = readyInflater()
        stream.pointee.next_in = bytes.zlibInput
        stream.pointee.avail_in = UInt32(bytes.count)
        while true {
            var status = Z_OK
            let filled = try extendOutput(limit: limit) { room in
                stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(room.count)
                status = inflate(stream, Z_NO_FLUSH)
                return room.count - Int(stream.pointee.avail_out)
            }
            switch status {
            case Z_STREAM_END:
                if stream.pointee.avail_in == 0 { return }
                inflateReset(stream)
            case Z_OK where filled:
                continue
            default:
                throw .corrupt
            }
        }
    }

    func compressGzip(_ bytes: UnsafeRawBufferPointer, level: Int, into target: inout ByteWriter) {
        let stream = readyDeflater(level: Int32(level))
        stream.pointee.next_in = bytes.zlibInput
        stream.pointee.avail_in = UInt32(bytes.count)
        target.append(atMost: Int(deflateBound(stream, UInt(bytes.count)))) { room in
            stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room.count)
            let status = deflate(stream, Z_FINISH)
            precondition(status == Z_STREAM_END, "deflate needs more than it said it would")
            return room.count - Int(stream.pointee.avail_out)
        }
    }

    private func readyInflater() -> UnsafeMutablePointer<z_stream> {
        if let inflater {
            inflateReset(inflater)
            return inflater
        }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = inflateInit2_(
            stream, CodecScratch.gzipWindowBits, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory for a gzip context")
        inflater = stream
        return stream
    }

    private func readyDeflater(level: Int32) -> UnsafeMutablePointer<z_stream> {
        if let deflater, deflater.level == level {
            deflateReset(deflater.stream)
            return deflater.stream
        }
        discardDeflater()
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, level, Z_DEFLATED, CodecScratch.gzipWindowBits, 8, Z_DEFAULT_STRATEGY, zlibVersion(),
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory for a gzip context")
        deflater = (stream, level)
        return stream
    }

    func discardInflater() {
        guard let inflater else { return }
        inflateEnd(inflater)
        inflater.deallocate()
        self.inflater = nil
    }

    func discardDeflater() {
        guard let deflater else { return }
        deflateEnd(deflater.stream)
        deflater.stream.deallocate()
        self.deflater = nil
    }
}

extension UnsafeRawBufferPointer {
    /// zlib does not write to its input, though its declarations let it.
    fileprivate var zlibInput: UnsafeMutablePointer<UInt8>? {
        UnsafeMutablePointer(mutating: baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
}
