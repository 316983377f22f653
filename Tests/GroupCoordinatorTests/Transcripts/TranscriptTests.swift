import Foundation
import Testing
import Transcripts

/// The stories in Stories/ come out as they are written there.
@Suite struct TranscriptTests {
    @Test(arguments: try GroupStories.files())
    func storiesComeOutAsWritten(_ story: StoryFile) throws {
        let differences = try story.differences(to: GroupStories.transcript(of: story))
        guard !differences.isEmpty else { return }
        Issue.record("\(story.name) came out differently:\n\(differences.joined(separator: "\n"))")
    }
}

/// The stories about groups, each played once.
enum GroupStories {
    static func files() throws -> [StoryFile] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try StoryFile.all(in: folder.appendingPathComponent("Stories"))
    }

    private static let played = Result {
        try files().reduce(into: [:]) { played, story in
            played[story.name] = Result { try story.play(GroupTranscripts()) }
        }
    }

    static func transcript(of story: StoryFile) throws -> Transcript {
        let transcript = try #require(try played.get()[story.name])
        return try transcript.get()
    }
}
