import Replication

/// How a batch is appended.
struct ProduceOptions: Sendable {
    var version: Int16
    var acks: Int16
    var token: AcknowledgementToken
}
