import KafkaProtocol

/// What an answer has to repeat of its request; unlike the request it outlives the tick.
struct Reply: Sendable {
    let key: ApiKey
    let version: Int16
    let correlationID: Int32
}
