import KafkaProtocol
import Runtime

extension ClientSession {
    /// Asks the control plane and answers with what it replies, when every shard has applied what the reply speaks of.
    func askControl<Response: KafkaMessage>(
        _ reply: Reply, _ message: (@escaping @Sendable (Response) -> Void) -> ControlMessage
    ) {
        beginBusy()
        let home = shard.peers[shard.index]
        let number = self.number
        shard.control?.post(
            message { response in
                home.post(
                    .call { shard in
                        guard let session = shard.sessions[number] else { return }
                        session.answer(reply, response)
                        session.finishBusy()
                    })
            })
    }
}
