import Foundation

/// A story in a file, with what came of it when it was last written.
public struct StoryFile: Sendable, CustomStringConvertible {
    public let name: String
    private let url: URL

    public var description: String { name }

    /// The stories of a folder, in the order of their names.
    public static func all(in folder: URL) throws -> [StoryFile] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return names.filter { $0.hasSuffix(".txt") }.sorted().map { name in
            StoryFile(name: name, url: folder.appendingPathComponent(name))
        }
    }

    /// - Parameter adapter: as it is at the beginning of each chapter.
    public func play(_ adapter: some TranscriptAdapter) throws -> Transcript { try Transcript(text(), adapter) }

    private func text() throws -> String { try String(contentsOf: url, encoding: .utf8) }

    /// The lines of the file that came out differently; none where it is as it was.
    ///
    /// With `MARTLET_WRITE_STORIES` in the environment the file is written anew instead.
    public func differences(to played: Transcript) throws -> [String] {
        let old = try text()
        if ProcessInfo.processInfo.environment["MARTLET_WRITE_STORIES"] != nil, played.text != old {
            try played.text.write(to: url, atomically: true, encoding: .utf8)
            return []
        }
        return StoryFile.differences(from: old, to: played.text)
    }

    /// `-` is what the file says, `+` what came, `>` the inputs that lead there.
    static func differences(from old: String, to new: String) -> [String] {
        let (old, new) = (old.components(separatedBy: "\n"), new.components(separatedBy: "\n"))
        let difference = new.difference(from: old)
        var (removed, inserted): ([Int: String], [Int: String]) = ([:], [:])
        for change in difference {
            switch change {
            case .remove(let line, let text, _): removed[line] = text
            case .insert(let line, let text, _): inserted[line] = text
            }
        }
        var lines: [String] = []
        var input: String?
        var (oldLine, newLine) = (0, 0)
        while oldLine < old.count || newLine < new.count {
            let isRemoved = removed[oldLine] != nil
            if let text = removed[oldLine] ?? inserted[newLine] {
                if let input { lines.append("> \(input)") }
                input = nil
                lines.append("\(isRemoved ? "-" : "+") \(isRemoved ? oldLine + 1 : newLine + 1):\(text)")
                if isRemoved { oldLine += 1 } else { newLine += 1 }
            } else {
                if !new[newLine].hasPrefix("    ") { input = new[newLine] }
                (oldLine, newLine) = (oldLine + 1, newLine + 1)
            }
        }
        return lines
    }
}
