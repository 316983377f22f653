import Controller
import KafkaProtocol
import Runtime

extension ClientSession {
    /// Has the controller decide, and answers with its reply when every shard has applied what the reply speaks of.
    func decide<Response: ChangeResponse>(
        _ reply: Reply,
        _ decision:
            @escaping @Sendable (Controller, inout SystemRandomNumberGenerator) -> ControllerResult<Response>
    ) {
        beginBusy()
        let home = shard.peers[shard.index]
        let number = self.number
        shard.control?.post(
            .decide { maker in
                maker.decide(decision) { response in
                    home.post(
                        .call { shard in
                            guard let session = shard.sessions[number] else { return }
                            session.answer(reply, response)
                            session.finishBusy()
                        })
                }
            })
    }
}
