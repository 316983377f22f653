import Bytes

/// What bytes are written down as: text, one byte, or several.
protocol WirePiece {
    var wireBytes: [UInt8] { get }
}

extension String: WirePiece {
    var wireBytes: [UInt8] { Array(utf8) }
}

extension Int: WirePiece {
    var wireBytes: [UInt8] { [UInt8(truncatingIfNeeded: self)] }
}

extension [UInt8]: WirePiece {
    var wireBytes: [UInt8] { self }
}

func wire(_ pieces: any WirePiece...) -> [UInt8] { pieces.flatMap(\.wireBytes) }

func int16(_ value: Int16) -> [UInt8] { big(value) }
func int32(_ value: Int32) -> [UInt8] { big(value) }
func int64(_ value: Int64) -> [UInt8] { big(value) }

private func big(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

extension UnsafeRawBufferPointer {
    var text: String { String(decoding: self, as: UTF8.self) }
}
