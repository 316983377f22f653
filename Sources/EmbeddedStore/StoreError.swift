import Files
import Metadata

/// Why the metadata could not be read or written.
public enum StoreError: Error, Equatable, Sendable {
    /// A call to the disk failed before anything was changed, or what it changed could be taken back.
    case disk(FileError)
    /// An earlier write or sync failed in a way that leaves unknown what is on the disk: only opening the store again
    /// helps.
    case stopped(FileError)
    /// Another controller took over: records of this epoch are not accepted any more.
    case fenced(currentEpoch: Int32)
    /// The bytes at this position are not what was written there.
    case corrupt(path: String, position: Int64, Damage)
    /// The file is of a later format.
    case unsupportedFormat(path: String, format: UInt32)
    /// There is no file of a store that is known to have been there.
    case missing(directory: String)
    /// The records from this offset on are in no file.
    case missingRecords(from: Int64, directory: String)
    /// A record that this version cannot read, in the batch or snapshot of this offset.
    case record(offset: Int64, MetadataRecordError)
    /// The records of one append are more than a frame holds.
    case tooLarge

    public enum Damage: Sendable, Equatable {
        /// The file's own header fails its checksum.
        case header
        /// A frame fails its checksum, and a power loss cannot have torn it.
        case frame
        /// A frame passes its checksum but does not continue the one before it.
        case sequence
        /// The records do not fill their frame.
        case records
        /// The file ends too early.
        case truncated
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .disk(let error): "\(error)"
        case .stopped(let error): "nothing more is written since a write or sync failed: \(error)"
        case .fenced(let epoch): "another controller has taken over, with epoch \(epoch)"
        case .corrupt(let path, let position, let damage): "\(path) is damaged at byte \(position): \(damage)"
        case .unsupportedFormat(let path, let format): "\(path) has format \(format), which this version cannot read"
        case .missing(let directory): "\(directory) has neither a journal nor a snapshot"
        case .missingRecords(let offset, let directory): "no file in \(directory) has the records from \(offset) on"
        case .record(let offset, let error): "a record in the batch of offset \(offset) cannot be read: \(error)"
        case .tooLarge: "the records of one change are more than a frame holds"
        }
    }
}

extension StoreError.Damage: CustomStringConvertible {
    public var description: String {
        switch self {
        case .header: "its header fails its checksum"
        case .frame: "what follows fails its checksum"
        case .sequence: "what follows does not continue what stands before"
        case .records: "the records there do not fill their frame"
        case .truncated: "the file ends too early"
        }
    }
}
