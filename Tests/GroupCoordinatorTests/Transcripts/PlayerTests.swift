import Testing

@testable import Transcripts

/// What the player of stories refuses, and how a difference reads.
@Suite struct PlayerTests {
    private func failure(_ story: String) -> String {
        let failure = #expect(throws: TranscriptError.self) { _ = try Transcript(story, GroupTranscripts()) }
        return failure?.description ?? ""
    }

    @Test func mistakesInAStoryAreNotPlayed() {
        #expect(failure("## One\nc1: join memebr=x") == "line 2, c1: join memebr=x: join has no memebr")
        #expect(failure("c1: jump") == "line 1, c1: jump: nobody can ask for jump")
        #expect(failure("c1: join session=long") == "line 1, c1: join session=long: session=long is no number")
        #expect(failure("\ncommit") == "line 2, commit: nothing is held")
        #expect(failure("+3 weeks") == "line 1, +3 weeks: +3 weeks is no time")
        #expect(failure("join") == "line 1, join: who asks for join?")
    }

    @Test func aStoryIsPlayedOverItsOwnOutputs() throws {
        let once = try Transcript("# Prose.\n\nc1: list\n    an old output\n", GroupTranscripts()).text
        #expect(once == "# Prose.\n\nc1: list\n    reply c1 list nothing\n")
        #expect(try Transcript(once, GroupTranscripts()).text == once)
    }

    @Test func aDifferenceShowsTheInputThatItComesFrom() {
        let old = "c1: list\n    reply c1 list nothing\nc2: list\n    reply c2 list something\n"
        let new = "c1: list\n    reply c1 list nothing\nc2: list\n    reply c2 list nothing\n    more\n"
        #expect(
            StoryFile.differences(from: old, to: new) == [
                "> c2: list", "- 4:    reply c2 list something", "+ 4:    reply c2 list nothing", "+ 5:    more",
            ])
        #expect(StoryFile.differences(from: old, to: old) == [])
    }

    @Test func aChapterBeginsWithNothing() throws {
        let story = "## One\na: commit offsets=orders/0:5\n## Two\na: fetch\n"
        #expect(try Transcript(story, GroupTranscripts()).text.hasSuffix("a: fetch\n    reply a fetch groupId=g\n"))
    }
}
