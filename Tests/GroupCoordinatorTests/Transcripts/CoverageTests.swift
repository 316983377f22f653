import KafkaProtocol
import Testing
import Transcripts

/// The stories show every state, and what Kafka answers in it.
@Suite struct CoverageTests {
    private static let verbs = [
        "join", "sync", "heartbeat", "leave", "commit", "fetch", "delete-offsets", "describe", "list", "delete",
        "explain",
    ]
    private static let states = ["no group", "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"]

    private let answers: [Transcript.Answer]

    init() throws { answers = try GroupStories.files().flatMap { try GroupStories.transcript(of: $0).answers } }

    @Test func everyQuestionIsAskedInEveryState() {
        for verb in CoverageTests.verbs {
            for state in CoverageTests.states {
                let isShown = answers.contains { $0.verb == verb && ($0.states["g"] ?? "no group") == state }
                #expect(isShown, "no story has \(verb) in \(state)")
            }
        }
    }

    @Test(arguments: ["Empty", "Assigning", "Reconciling", "Stable"])
    func groupsOfConsumersAreShownInEveryState(_ state: String) {
        #expect(answers.contains { $0.verb == "describe-consumer" && $0.states["g"] == state })
    }

    @Test func theAnswersOfKafkaAreShownWhereTheTableSays() {
        for row in KafkaAnswer.all {
            guard case .chapter(let chapter) = row.place else { continue }
            let isShown = answers.contains { answer in
                guard answer.chapter == chapter, answer.verb == row.verb else { return false }
                return row.error == .none ? answer.errors.isEmpty : answer.errors.contains(row.error.description)
            }
            #expect(isShown, "\(chapter) does not show \(row.verb) \(row.error), \(row.situation)")
        }
    }

    @Test func theTableHasEveryAnswerOfTheStories() {
        var known: Set<String> = []
        for row in KafkaAnswer.all {
            if case .chapter = row.place { known.insert("\(row.verb) \(row.error)") }
        }
        // What is explained tells of errors that others were answered.
        let shown = answers.filter { $0.verb != "explain" }.flatMap { answer in
            (answer.errors.isEmpty ? ["NONE"] : answer.errors).map { "\(answer.verb) \($0)" }
        }
        #expect(Set(shown).subtracting(known).sorted() == [])
    }

    @Test func ninetyFivePercentOfTheAnswersHaveAStory() {
        var count = (chapters: 0, never: 0)
        for row in KafkaAnswer.all {
            switch row.place {
            case .chapter: count.chapters += 1
            case .never: count.never += 1
            case .elsewhere: continue
            }
        }
        #expect(count.chapters * 100 >= (count.chapters + count.never) * 95)
    }
}
