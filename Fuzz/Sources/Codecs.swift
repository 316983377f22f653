import Bytes
import Records

/// What the records of compressed batches are packed by, with a limit on what they unpack to.
enum Codecs {
    /// libFuzzer runs one input at a time, all on one thread.
    nonisolated(unsafe) static let scratch = CodecScratch()

    static func run(_ input: inout FuzzInput, _ compression: Compression) {
        let limit = 1 << (Int(input.byte()) % 23)
        let level = level(input.byte(), of: compression)
        if let unpacked = try? scratch.decompress(input.rest, compression, limit: limit) {
            require(unpacked.count <= limit, "\(unpacked.count) bytes where \(limit) are allowed")
            roundTrip([UInt8](unpacked), compression, level)
        }
        roundTrip([UInt8](input.rest), compression, level)
    }

    private static func roundTrip(_ bytes: [UInt8], _ compression: Compression, _ level: Int) {
        var packed = ByteWriter()
        bytes.withUnsafeBytes { scratch.compress($0, compression, level: level, into: &packed) }
        let isSame = requireSuccess("what was packed cannot be unpacked") {
            try packed.withUnsafeBytes { packed in
                try scratch.decompress(packed, compression, limit: bytes.count).elementsEqual(bytes)
            }
        }
        require(isSame, "\(bytes.count) bytes changed when they were packed")
        guard !bytes.isEmpty else { return }
        let tooLarge = packed.withUnsafeBytes { try? scratch.decompress($0, compression, limit: bytes.count - 1) }
        require(tooLarge == nil, "\(bytes.count) bytes were unpacked against a lower limit")
    }

    /// High levels of zstd take memory and time that say nothing about the bytes.
    private static func level(_ choice: UInt8, of compression: Compression) -> Int {
        guard let levels = compression.levels else { return compression.defaultLevel }
        let allowed = max(levels.lowerBound, -7)...min(levels.upperBound, 9)
        return allowed.lowerBound + Int(choice) % allowed.count
    }
}
