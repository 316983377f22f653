import Bytes

/// Fields that generated code reads: arrays, and values that some versions allow to be null.
extension ByteCursor {
    package mutating func nullableString(compact: Bool, nullAllowed: Bool) throws(DecodeError) -> String? {
        let text = try nullableString(compact: compact)
        guard text != nil || nullAllowed else { throw .unexpectedNull }
        return text
    }

    package mutating func nullableBytes(compact: Bool, nullAllowed: Bool) throws(DecodeError) -> [UInt8]? {
        let bytes = try nullableBytes(compact: compact)
        guard bytes != nil || nullAllowed else { throw .unexpectedNull }
        return bytes
    }

    /// A structure behind one byte that is negative when it is null.
    package mutating func nullableStructure<Structure: KafkaStructure>(
        version: Int16
    ) throws(DecodeError) -> Structure? {
        try int8() < 0 ? nil : try Structure(from: &self, version: version)
    }

    package mutating func nullableArray<Structure: KafkaStructure>(
        compact: Bool, version: Int16, nullAllowed: Bool = true
    ) throws(DecodeError) -> [Structure]? {
        let size = Structure.minimumSize(version: version)
        guard let count = try arrayCount(compact: compact, minimumElementSize: size) else {
            guard nullAllowed else { throw .unexpectedNull }
            return nil
        }
        var elements: [Structure] = []
        let proven = provenCount(of: count, stride: MemoryLayout<Structure>.stride)
        elements.reserveCapacity(proven)
        for index in 0..<count {
            if index == proven { elements.reserveCapacity(count) }
            elements.append(try Structure(from: &self, version: version))
        }
        return elements
    }

    package mutating func nullableArray<Element: KafkaElement>(
        compact: Bool, nullAllowed: Bool = true
    ) throws(DecodeError) -> [Element]? {
        let size = Element.minimumSize(compact: compact)
        guard let count = try arrayCount(compact: compact, minimumElementSize: size) else {
            guard nullAllowed else { throw .unexpectedNull }
            return nil
        }
        var elements: [Element] = []
        let proven = provenCount(of: count, stride: MemoryLayout<Element>.stride)
        elements.reserveCapacity(proven)
        for index in 0..<count {
            if index == proven { elements.reserveCapacity(count) }
            elements.append(try Element.read(from: &self, compact: compact))
        }
        return elements
    }

    package mutating func array<Structure: KafkaStructure>(
        compact: Bool, version: Int16
    ) throws(DecodeError) -> [Structure] {
        guard let elements: [Structure] = try nullableArray(compact: compact, version: version) else {
            throw .unexpectedNull
        }
        return elements
    }

    package mutating func array<Element: KafkaElement>(compact: Bool) throws(DecodeError) -> [Element] {
        guard let elements: [Element] = try nullableArray(compact: compact) else { throw .unexpectedNull }
        return elements
    }

    /// How many of `count` elements take no more memory than there are bytes. A count is only a claim: memory for the
    /// rest is taken when these were read.
    private func provenCount(of count: Int, stride: Int) -> Int { min(count, remaining / stride + 1) }
}
