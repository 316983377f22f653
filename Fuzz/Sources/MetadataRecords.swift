import Bytes
import Metadata

/// Records of the metadata journal, one after another, each with its length in front.
enum MetadataRecords {
    static func run(_ input: inout FuzzInput) {
        var image = ClusterImage.empty
        while !input.isEmpty {
            let bytes = input.part()
            guard let record = bytes.withUnsafeBytes({ try? MetadataRecord($0) }) else { continue }
            var writer = ByteWriter()
            record.encode(into: &writer)
            let again = requireSuccess("a record that was written cannot be read") {
                try writer.withUnsafeBytes { try MetadataRecord($0) }
            }
            // Floating-point numbers that are none differ from themselves.
            var second = ByteWriter()
            again.encode(into: &second)
            require(second.bytes == writer.bytes, "a record changed when it was written")
            var delta = ClusterDelta(base: image)
            let batch = MetadataBatch(
                firstOffset: image.position.offset + 1, controllerEpoch: 1, time: 0, records: [record])
            if (try? delta.replay(batch)) != nil { image = delta.image }
        }
        let snapshot = MetadataSnapshot(image)
        let restored = requireSuccess("the snapshot of an image does not fit together") {
            try ClusterDelta(base: .empty, snapshot: snapshot)
        }
        require(MetadataSnapshot(restored.image).records.count == snapshot.records.count, "a snapshot changed")
    }
}
