import Bytes
import KafkaProtocol
import Quotas

/// The quota of changes of partitions that a request is under.
struct MutationLimit: Sendable {
    let quota: ClientQuota
    /// Whether what is over the quota is refused (KIP-599), or carried out and paused for.
    let isStrict: Bool
}

extension ClientSession {
    /// The limit of the request's changes; nil where there is none.
    ///
    /// - Parameter version: the first version of the API whose clients know the refusal.
    func mutationLimit(_ request: Request, strictFrom version: Int16) -> MutationLimit? {
        guard shard.quotas.isEnabled else { return nil }
        return shard.quotas.table.quota(
            .controllerMutation, user: ClientLimits.anonymous, clientID: Name(request.clientID)
        ).map { MutationLimit(quota: $0, isStrict: request.version >= version) }
    }
}
