import Bytes

/// Fields that generated code writes: arrays, tagged fields, and values that some versions allow to be null.
extension ByteWriter {
    package mutating func write(_ text: String?, compact: Bool, nullAllowed: Bool) throws(EncodeError) {
        guard text != nil || nullAllowed else { throw .unexpectedNull }
        try write(text, compact: compact)
    }

    package mutating func write(_ bytes: [UInt8]?, compact: Bool, nullAllowed: Bool) throws(EncodeError) {
        guard bytes != nil || nullAllowed else { throw .unexpectedNull }
        try write(bytes, compact: compact)
    }

    package mutating func writeNullable(
        _ structure: (some KafkaStructure)?, version: Int16
    ) throws(EncodeError) {
        write(Int8(structure == nil ? -1 : 1))
        try structure?.encode(into: &self, version: version)
    }

    package mutating func writeArray(
        _ elements: [some KafkaStructure]?, compact: Bool, version: Int16, nullAllowed: Bool = true
    ) throws(EncodeError) {
        guard elements != nil || nullAllowed else { throw .unexpectedNull }
        try writeArrayCount(elements?.count, compact: compact)
        for element in elements ?? [] { try element.encode(into: &self, version: version) }
    }

    package mutating func writeArray(
        _ elements: [some KafkaElement]?, compact: Bool, nullAllowed: Bool = true
    ) throws(EncodeError) {
        guard elements != nil || nullAllowed else { throw .unexpectedNull }
        try writeArrayCount(elements?.count, compact: compact)
        for element in elements ?? [] { try element.write(into: &self, compact: compact) }
    }

    /// The number of tagged fields that follow: one for each that is present.
    package mutating func writeTagCount(_ present: Bool...) {
        writeUnsignedVarint(present.reduce(0) { $1 ? $0 + 1 : $0 })
    }

    /// Starts a tagged field; `insertSize` at the position that this returns ends it.
    package mutating func beginTaggedField(_ tag: UInt32) -> Int {
        writeUnsignedVarint(tag)
        return count
    }
}
