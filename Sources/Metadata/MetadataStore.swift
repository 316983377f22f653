/// Records that were appended together, by one controller.
public struct MetadataBatch: Sendable, Equatable {
    public var firstOffset: Int64
    public var controllerEpoch: Int32
    /// When they were appended, in milliseconds since 1970.
    public var time: Int64
    /// At least one.
    public var records: [MetadataRecord]

    public init(firstOffset: Int64, controllerEpoch: Int32, time: Int64, records: [MetadataRecord]) {
        self.firstOffset = firstOffset
        self.controllerEpoch = controllerEpoch
        self.time = time
        self.records = records
    }

    /// The offset of the record behind the last.
    public var endOffset: Int64 { firstOffset + Int64(records.count) }
}

/// The metadata at one place in the journal, as the records that make it.
public struct MetadataSnapshot: Sendable, Equatable {
    /// The last record that is in here.
    public var position: MetadataPosition
    public var records: [MetadataRecord]

    public init(position: MetadataPosition, records: [MetadataRecord]) {
        self.position = position
        self.records = records
    }

    /// The snapshot of an image.
    public init(_ image: ClusterImage) {
        position = image.position
        records = image.snapshotRecords()
    }
}

/// What a reader gets that asks for the records from some offset on.
public enum MetadataTail: Sendable, Equatable {
    /// Batches that follow one another; empty when there is nothing newer.
    case batches([MetadataBatch])
    /// What was asked for is gone: begin with this, and read on behind it.
    case snapshot(MetadataSnapshot)
}

/// Where the journal of metadata records is kept.
///
/// Every call may wait for a disk or a network, so none is made on a shard. Whoever campaigned last is the controller,
/// and only its appends succeed: that fence, not any lease, is what keeps the journal single.
public protocol MetadataStore: AnyObject {
    associatedtype Failure: Error

    /// Makes the caller the controller.
    ///
    /// - Returns: its epoch, higher than that of every controller before.
    func campaign(now: Int64) throws(Failure) -> Int32

    /// Appends records, all or none, behind the last one.
    ///
    /// - Parameters:
    ///   - records: at least one.
    ///   - controllerEpoch: the caller's epoch; the append fails when there was a later campaign.
    ///   - now: milliseconds since 1970.
    /// - Returns: the offset of the first of them, once they would survive a crash.
    func append(_ records: [MetadataRecord], fencedBy controllerEpoch: Int32, now: Int64) throws(Failure) -> Int64

    /// The records from `offset` on, as many as there are.
    func read(from offset: Int64) throws(Failure) -> MetadataTail

    /// True if so much was appended since the last snapshot, or it is so old, that another one should be written.
    func wantsSnapshot(now: Int64) -> Bool

    /// Keeps a snapshot; what it makes needless may be dropped.
    func write(_ snapshot: MetadataSnapshot, now: Int64) throws(Failure)
}
