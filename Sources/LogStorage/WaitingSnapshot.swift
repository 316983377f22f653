/// The producers as they were at an offset, to be put into a file once all below that offset is durable.
struct WaitingSnapshot: Sendable {
    let offset: Int64
    let bytes: [UInt8]
    /// Whether a segment begins there: the snapshot then outlives the segments in front of it, and has to be durable.
    let beginsSegment: Bool
}
