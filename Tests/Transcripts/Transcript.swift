/// A story as it was played: its text with what came of each input below it.
public struct Transcript: Sendable {
    public private(set) var text = ""
    /// What was answered, by chapters.
    public private(set) var answers: [Answer] = []

    /// One answer: to which verb, in which chapter and states, with which errors anywhere in it.
    public struct Answer: Hashable, Sendable {
        public var chapter: String
        public var verb: String
        /// By the names of what had them when the question was asked.
        public var states: [String: String]
        /// Kafka's names; empty where there was none.
        public var errors: Set<String>
    }

    /// Plays a story. Lines that are indented are what came of an input last time, and are put anew.
    ///
    /// - Parameter adapter: as it is at the beginning of each chapter.
    public init(_ story: String, _ adapter: some TranscriptAdapter) throws {
        var chapter = ""
        var player = TranscriptPlayer(adapter)
        var number = 0
        for line in story.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            guard !line.hasPrefix("    ") else { continue }
            text += line + "\n"
            if line.hasPrefix("## ") {
                chapter = String(line.dropFirst(3))
                player = TranscriptPlayer(adapter)
            }
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            do {
                for output in try player.play(String(line)) {
                    text += "    \(output.text)\n"
                    if let answer = Answer(chapter, output) { answers.append(answer) }
                }
            } catch {
                throw TranscriptError("line \(number), \(line): \(error)")
            }
        }
        while text.hasSuffix("\n\n") { text.removeLast() }
    }
}

extension Transcript.Answer {
    /// nil where the output is no answer.
    fileprivate init?(_ chapter: String, _ output: TranscriptOutput) {
        guard let states = output.states else { return nil }
        let words = output.text.split(separator: " ")
        let names = words.dropFirst(3).joined(separator: " ").split { !($0.isUppercase && $0.isASCII) && $0 != "_" }
        self.init(
            chapter: chapter, verb: String(words[2]), states: states,
            errors: Set(names.filter { $0.contains("_") }.map(String.init)))
    }
}
