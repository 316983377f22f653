import Bytes
import CSnappy

/// Snappy as Java's library frames it: a magic with two versions, then blocks with their length in front. What has no
/// magic is one plain block, as some clients write it.
extension CodecScratch {
    private static let snappyMagic: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00]
    private static let snappyHeaderSize = 16
    private static let snappyVersion: Int32 = 1
    private static let snappyBlockSize = 32 << 10
    /// No element of a block yields more bytes for one of its own: 3 bytes copy up to 64.
    private static let snappyMaximumRatio = 22

    func decompressSnappy(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(CodecError) {
        guard bytes.starts(with: CodecScratch.snappyMagic) else {
            return try decompressSnappyBlock(bytes, limit: limit)
        }
        var size = 0
        try forEachSnappyBlock(bytes) { (block) throws(CodecError) in
            size += try CodecScratch.unpackedSize(ofSnappy: block)
            guard size <= limit else { throw .tooLarge }
        }
        if size > output.capacity { output = ByteWriter(capacity: size) }
        try forEachSnappyBlock(bytes) { (block) throws(CodecError) in
            try decompressSnappyBlock(block, limit: limit)
        }
    }

    private func forEachSnappyBlock(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(CodecError) -> Void
    ) throws(CodecError) {
        do {
            var cursor = ByteCursor(bytes)
            while cursor.remaining > 0 {
                // Streams that were written one after another each have their header.
                if cursor.rest.starts(with: CodecScratch.snappyMagic) {
                    try cursor.skip(CodecScratch.snappyMagic.count)
                    guard try cursor.int32() >= CodecScratch.snappyVersion else { throw CodecError.corrupt }
                    try cursor.skip(4)
                    continue
                }
                try body(try cursor.take(Int(try cursor.int32())))
            }
        } catch let error as CodecError {
            throw error
        } catch {
            throw .corrupt
        }
    }

    /// What the block says it unpacks to, if it can.
    private static func unpackedSize(ofSnappy block: UnsafeRawBufferPointer) throws(CodecError) -> Int {
        var size = 0
        guard
            snappy_uncompressed_length(
                block.baseAddress?.assumingMemoryBound(to: CChar.self), block.count, &size) == SNAPPY_OK,
            size <= block.count * snappyMaximumRatio
        else { throw .corrupt }
        return size
    }

    private func decompressSnappyBlock(_ block: UnsafeRawBufferPointer, limit: Int) throws(CodecError) {
        let start = block.baseAddress?.assumingMemoryBound(to: CChar.self)
        let size = try CodecScratch.unpackedSize(ofSnappy: block)
        guard size <= limit - output.count else { throw .tooLarge }
        var isGood = false
        output.append(atMost: size) { room in
            var written = size
            let target = room.baseAddress?.assumingMemoryBound(to: CChar.self)
            isGood = snappy_uncompress(start, block.count, target, &written) == SNAPPY_OK
            return isGood ? written : 0
        }
        guard isGood else { throw .corrupt }
    }

    func compressSnappy(_ bytes: UnsafeRawBufferPointer, into target: inout ByteWriter) {
        target.write(CodecScratch.snappyMagic)
        target.write(CodecScratch.snappyVersion)
        target.write(CodecScratch.snappyVersion)
        for start in stride(from: 0, to: bytes.count, by: CodecScratch.snappyBlockSize) {
            let end = min(start + CodecScratch.snappyBlockSize, bytes.count)
            let block = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            let lengthPosition = target.count
            target.write(Int32(0))
            target.append(atMost: snappy_max_compressed_length(block.count)) { room in
                var written = room.count
                let status = snappy_compress(
                    block.baseAddress?.assumingMemoryBound(to: CChar.self), block.count,
                    room.baseAddress?.assumingMemoryBound(to: CChar.self), &written)
                precondition(status == SNAPPY_OK, "snappy needs more than it said it would")
                return written
            }
            target.overwrite(Int32(target.count - lengthPosition - 4), at: lengthPosition)
        }
    }
}
