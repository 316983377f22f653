public import Coordination
public import KafkaProtocol

/// How a machine takes part in transcripts: what a line asks of it, and how its answers and records read.
public protocol TranscriptAdapter {
    associatedtype Machine: CoordinatorMachine

    /// The machine at the beginning of a chapter and after a restart, before anything is loaded.
    func makeMachine() -> Machine
    /// What a line asks for. The player refuses what is left of the line afterwards.
    mutating func command(_ line: inout TranscriptLine) throws(TranscriptError) -> Machine.Command
    /// - Parameter asker: who is answered; the adapter may remember what it is told.
    mutating func describe(_ reply: Machine.Reply, to asker: String) -> TranscriptReply
    func describe(_ record: Machine.Record) -> TranscriptRecord
    /// The states that a reader wants to follow, by the names of what has them.
    func states(of machine: Machine) -> [String: String]
}

public struct TranscriptReply {
    public var error: ErrorCode
    /// The rest of the answer.
    public var details: String

    public init(_ error: ErrorCode = .none, _ details: String = "") {
        self.error = error
        self.details = details
    }
}

public struct TranscriptRecord {
    /// What the record is about, in words.
    public var key: String
    /// nil where the record deletes it.
    public var value: String?

    public init(_ key: String, _ value: String?) {
        self.key = key
        self.value = value
    }
}
