/// A copy of a batch that stays where it is until its write is done.
final class StagedBytes {
    let pointer: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
        pointer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        pointer.copyBytes(from: bytes)
    }

    deinit { pointer.deallocate() }
}
