import Controller
import KafkaProtocol
import Quotas
import Runtime

extension ClientSession {
    /// Has the controller decide, and answers with its reply when every shard has applied what the reply speaks of.
    func decide<Response: ChangeResponse>(
        _ reply: Reply,
        _ decision:
            @escaping @Sendable (Controller, inout SystemRandomNumberGenerator) -> ControllerResult<Response>
    ) {
        decide(reply, within: nil) { controller, random, _ in decision(controller, &random) }
    }

    /// The same for what changes partitions.
    ///
    /// - Parameters:
    ///   - limit: nil for none.
    ///   - decision: asks its last argument before so many partitions are created or removed.
    func decide<Response: ChangeResponse>(
        _ reply: Reply, within limit: MutationLimit?,
        _ decision:
            @escaping @Sendable (Controller, inout SystemRandomNumberGenerator, (Int) -> Bool) ->
            ControllerResult<Response>
    ) {
        beginBusy()
        let home = shard.peers[shard.index]
        let number = self.number
        shard.control?.post(
            .decide { maker in
                maker.decide(within: limit, decision) { response in
                    home.post(
                        .call { shard in
                            guard let session = shard.sessions[number] else { return }
                            var throttle = Throttle()
                            if let limit { throttle.consider(limit.quota.key, ms: Int64(response.throttleTimeMs)) }
                            session.answer(reply, response, mutations: throttle)
                            session.finishBusy()
                        })
                }
            })
    }
}
