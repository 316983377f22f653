import Runtime

extension BrokerShard {
    /// Asks every shard, this one included, and goes on here with what they answer, by shard.
    func askEverywhere<Answer: Sendable>(
        _ question: @escaping @Sendable (BrokerShard) -> Answer, then: @escaping ([Answer]) -> Void
    ) {
        let gathered = GatheredAnswers<Answer>(count: peers.count, then: then)
        let home = peers[index]
        for (place, peer) in peers.enumerated() {
            if place == index {
                gathered.put(question(self), at: place)
                continue
            }
            let ticket = answers.issue { answer in
                guard let answer = answer as? Answer else {
                    preconditionFailure("an answer has the type that was asked for")
                }
                gathered.put(answer, at: place)
            }
            peer.post(
                .call { shard in
                    let answer = question(shard)
                    home.post(.call { $0.redeem(ticket, answer) })
                })
        }
    }
}

/// Answers that come one by one, in the order in which they were asked for.
final class GatheredAnswers<Answer> {
    private var answers: [Answer?]
    private var outstanding: Int
    private let then: ([Answer]) -> Void

    init(count: Int, then: @escaping ([Answer]) -> Void) {
        answers = Array(repeating: nil, count: count)
        outstanding = count
        self.then = then
    }

    func put(_ answer: Answer, at place: Int) {
        answers[place] = answer
        outstanding -= 1
        if outstanding == 0 { then(answers.compactMap { $0 }) }
    }
}
