import Records

/// What can be fuzzed. A target has a corpus of its name in `Fuzz/corpus`.
enum FuzzTarget: String, CaseIterable {
    case requests
    case responses
    case contents
    case batches
    case gzip
    case snappy
    case lz4
    case zstd
    case segments
    case indexes
    case checkpoints
    case producers
    case journals
    case metadata
    case properties

    func run(_ bytes: UnsafeRawBufferPointer) {
        var input = FuzzInput(bytes)
        switch self {
        case .requests: Messages.runRequest(bytes)
        case .responses: Messages.runResponse(&input)
        case .contents: Messages.runContent(&input)
        case .batches: Batches.run(&input)
        case .gzip: Codecs.run(&input, .gzip)
        case .snappy: Codecs.run(&input, .snappy)
        case .lz4: Codecs.run(&input, .lz4)
        case .zstd: Codecs.run(&input, .zstd)
        case .segments: Segments.run(&input)
        case .indexes: SmallFiles.runIndex(&input)
        case .checkpoints: SmallFiles.runCheckpoint(&input)
        case .producers: SmallFiles.runProducers(&input)
        case .journals: Journals.run(&input)
        case .metadata: MetadataRecords.run(&input)
        case .properties: Properties.run(&input)
        }
    }
}
