/// When the topics of a group were last compared with the image, and what they were then.
struct MetadataRefresh {
    /// The place of the image in the metadata's journal.
    var version: Int64
    var hash: Int64
}
