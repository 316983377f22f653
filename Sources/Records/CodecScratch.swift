import Bytes
import CLz4
import CZlib
import CZstd

/// Why packed bytes could not be unpacked.
public enum CodecError: Error, Equatable, Sendable {
    /// They are not a stream of the codec, they end early, or something follows the end.
    case corrupt
    /// They hold more than the caller's limit.
    case tooLarge
}

/// The codecs, with the memory and the contexts that they use again each time. One thread at a time has it.
///
/// Pages of memory are taken as a stream yields bytes, whatever length it declares. The contexts of the libraries are
/// made at first use; the largest, lz4's for blocks of 4 MiB, takes 8 MiB.
public final class CodecScratch {
    /// Room that is kept from one use to the next: for what a batch of the usual largest size unpacks to.
    static let retainedCapacity = 4 << 20

    /// Its memory is touched only as far as it is written. It is made once and grows once, to the caller's limit: step
    /// by step, each copy would hold as much again.
    var output = ByteWriter(capacity: 0)
    var inflater: UnsafeMutablePointer<z_stream>?
    var deflater: (stream: UnsafeMutablePointer<z_stream>, level: Int32)?
    var zstdDecompressor: OpaquePointer?
    var zstdCompressor: OpaquePointer?
    var lz4Decompressor: OpaquePointer?
    var lz4Compressor: OpaquePointer?

    public init() {}

    deinit {
        discardInflater()
        discardDeflater()
        ZSTD_freeDCtx(zstdDecompressor)
        ZSTD_freeCCtx(zstdCompressor)
        discardLz4Decompressor()
        LZ4F_freeCompressionContext(lz4Compressor)
    }

    /// Unpacks `bytes`. What it returns is valid until this scratch is used again, and is `bytes` itself for `none`.
    ///
    /// Throws `tooLarge` as soon as packed bytes have come to more than `limit`; what is not packed is as large as it is.
    public func decompress(
        _ bytes: UnsafeRawBufferPointer, _ compression: Compression, limit: Int
    ) throws(CodecError) -> UnsafeRawBufferPointer {
        precondition(limit >= 0, "no negative limit")
        guard bytes.count <= Int(Int32.max) else { throw .tooLarge }
        if compression == .none { return bytes }
        trim()
        if output.capacity < CodecScratch.retainedCapacity {
            output = ByteWriter(capacity: CodecScratch.retainedCapacity)
        }
        let limit = min(limit, Int(Int32.max))
        switch compression {
        case .none: break
        case .gzip: try decompressGzip(bytes, limit: limit)
        case .snappy: try decompressSnappy(bytes, limit: limit)
        case .lz4: try decompressLz4(bytes, limit: limit)
        case .zstd: try decompressZstd(bytes, limit: limit)
        }
        // Valid past the closure: nothing writes to `output` before the next call, as the contract above says.
        return output.withUnsafeBytes { $0 }
    }

    /// Packs `bytes` and appends them to `target`. `level` is Kafka's and must be one that the codec allows.
    public func compress(
        _ bytes: UnsafeRawBufferPointer, _ compression: Compression, level: Int, into target: inout ByteWriter
    ) {
        precondition(compression.allows(level: level), "a level that \(compression.name) does not have")
        precondition(bytes.count <= Int(Int32.max), "more than a batch can hold")
        switch compression {
        case .none: target.write(bytes)
        case .gzip: compressGzip(bytes, level: level, into: &target)
        case .snappy: compressSnappy(bytes, into: &target)
        case .lz4: compressLz4(bytes, level: level, into: &target)
        case .zstd: compressZstd(bytes, level: level, into: &target)
        }
    }

    /// Forgets what was unpacked last, and gives its memory back where it is more than is kept.
    public func trim() {
        if output.capacity > CodecScratch.retainedCapacity { output = ByteWriter(capacity: 0) }
        output.truncate(to: 0)
    }

    /// Lets `body` write into the next part of the output, which ends one byte above the limit so that a stream that
    /// goes on is noticed; returns whether that part was filled.
    func extendOutput(limit: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) throws(CodecError) -> Bool {
        let end = limit + 1
        if output.count == output.capacity {
            var larger = ByteWriter(capacity: end)
            output.withUnsafeBytes { larger.write($0) }
            output = larger
        }
        let room = min(end, output.capacity) - output.count
        let before = output.count
        output.append(atMost: room, body)
        guard output.count <= limit else { throw .tooLarge }
        return output.count - before == room
    }
}
