import Bytes
import CSystem
import Testing

@testable import Records

@Suite struct CRC32CTests {
    @Test func knownValues() {
        func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.of($0) } }
        #expect(checksum([]) == 0)
        #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
        // RFC 3720, B.4
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(checksum(Array(0..<32)) == 0x46DD_794E)
    }

    @Test func variantsAgree() {
        guard martlet_crc32c_has(MARTLET_CRC32C_HARDWARE) else {
            print("SKIPPED: this processor computes CRC-32C by the table only")
            return
        }
        var generator = SeededGenerator(seed: 1)
        let bytes = generator.bytes(count: 40_000)
        bytes.withUnsafeBytes { all in
            func agree(at offset: Int, count: Int) -> Bool {
                let start = all.baseAddress.map { $0 + offset }
                let seed = UInt32(truncatingIfNeeded: count &* 0x9E37_79B1)
                return martlet_crc32c_by(MARTLET_CRC32C_TABLE, seed, start, count)
                    == martlet_crc32c_by(MARTLET_CRC32C_HARDWARE, seed, start, count)
            }
            for count in 0...5000 { #expect(agree(at: count % 16, count: count), "\(count) bytes") }
            for offset in 0..<16 {
                for count in [767, 768, 769, 5000, 12_287, 12_288, 12_289, 25_000, 36_864, 39_000] {
                    #expect(agree(at: offset, count: count), "\(count) bytes at \(offset)")
                }
            }
        }
    }

    @Test func extendsOverPieces() {
        var generator = SeededGenerator(seed: 2)
        let bytes = generator.bytes(count: 1000)
        bytes.withUnsafeBytes { all in
            let whole = CRC32C.of(all)
            for split in [0, 1, 7, 500, 999, 1000] {
                let first = CRC32C.of(UnsafeRawBufferPointer(rebasing: all[..<split]))
                #expect(CRC32C.extending(first, with: UnsafeRawBufferPointer(rebasing: all[split...])) == whole)
            }
        }
    }
}
