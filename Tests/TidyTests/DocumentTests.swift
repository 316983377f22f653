import Foundation
import Testing

/// What the documents say of the repository is true.
struct DocumentTests {
    static let documents = ["README.md", "README.ko.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md"]

    @Test(arguments: documents) func everyPathExists(document: String) {
        for path in paths(in: Repository.text(of: document)) {
            let place = Repository.root.appending(path: path).path
            #expect(FileManager.default.fileExists(atPath: place), "\(document) names \(path)")
        }
    }

    @Test func pathsAreFound() {
        #expect(
            paths(in: "see `Sources/A/B.swift`, `code` and [x](docs/Y.md), [z](https://z)") == [
                "Sources/A/B.swift", "docs/Y.md",
            ])
    }

    /// What stands in back ticks and begins like a path of ours, and what links point to.
    private func paths(in text: String) -> [String] {
        let quoted = text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter {
            $0.offset % 2 == 1
        }
        let named = quoted.map { String($0.element) }.filter { name in
            ["Sources/", "Tests/", "docs/"].contains { name.hasPrefix($0) } && !name.contains("<")
        }
        let links = text.components(separatedBy: "](").dropFirst().compactMap {
            $0.split(separator: ")").first.map(String.init)
        }
        return named + links.filter { !$0.contains("://") }
    }
}
