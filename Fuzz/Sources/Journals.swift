import Bytes
import Files
import Metadata

@testable import EmbeddedStore

/// The directory of the metadata store, opened as at a start.
///
/// An input is a byte of choices, then files: a byte for the kind, two for the length, the content. The name is the one
/// that the header asks for.
enum Journals {
    private static let now: Int64 = 1_764_000_000_000

    static func run(_ input: inout FuzzInput) {
        let choices = input.byte()
        let directory = SimulatedDirectory("/data/metadata")
        while !input.isEmpty {
            let kind = input.byte()
            var content = input.part()
            if choices.bit(0) { correctChecksums(&content) }
            directory.write(name(kind, content), content)
        }
        guard let image = load(directory, wasClosed: choices.bit(1)) else { return }
        require(load(directory, wasClosed: false) == image, "the metadata changed when it was opened")
        guard image.position.offset >= 0 else { return }
        let store = requireSuccess("a store that opened once does not") {
            try EmbeddedStore.open(directory.path, on: directory.fileSystem, now: now)
        }
        // A snapshot of what the records add up to stands for them.
        guard (try? store.write(MetadataSnapshot(image), now: now)) != nil else { return }
        require(load(directory, wasClosed: false) == image, "the metadata changed with a snapshot")
    }

    /// What the records add up to; nil where the store refuses its files, or the records do not fit together.
    private static func load(_ directory: SimulatedDirectory, wasClosed: Bool) -> ClusterImage? {
        guard
            let store = try? EmbeddedStore.open(
                directory.path, on: directory.fileSystem, wasClosed: wasClosed, now: now)
        else { return nil }
        let loader = MetadataLoader(publishers: [])
        while true {
            let before = loader.image.position
            do { try loader.load(try store.read(from: before.offset + 1)) } catch { return nil }
            if loader.image.position == before { return loader.image }
        }
    }

    private static func name(_ kind: UInt8, _ content: [UInt8]) -> String {
        let isSnapshot = kind.bit(0)
        let header = content.withUnsafeBytes { try? FileHeader(isSnapshot ? .snapshot : .journal, of: $0, path: "") }
        let offset = max(header?.offset ?? 0, 0)
        guard isSnapshot else { return StoreFiles.journalName(offset) }
        return StoreFiles.SnapshotName(endOffset: offset, controllerEpoch: max(header?.controllerEpoch ?? 0, 0))
            .fileName
    }

    private static func correctChecksums(_ content: inout [UInt8]) {
        guard content.count >= FileHeader.size else { return }
        set(Frame.checksum, of: 0..<(FileHeader.size - 4), at: FileHeader.size - 4, in: &content)
        var position = FileHeader.size
        while position + Frame.prefixSize <= content.count {
            let length = content[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let start = position + Frame.prefixSize
            guard length <= content.count - start else { return }
            set(Frame.checksum, of: start..<start + length, at: position + 4, in: &content)
            position = start + length
        }
    }

    private static func set(
        _ checksum: (UnsafeRawBufferPointer) -> UInt32, of range: Range<Int>, at position: Int, in bytes: inout [UInt8]
    ) {
        let value = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[range])) }
        withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(position..<position + 4, with: $0) }
    }
}
