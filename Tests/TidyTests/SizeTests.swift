import Testing

/// Rooms one can see across. Generated files are exempt.
struct SizeTests {
    static let maximumFileLines = 800
    static let maximumFunctionLines = 70

    @Test func noFileIsTooLong() {
        for file in Repository.swiftFiles where !file.isGenerated && file.lines > Self.maximumFileLines {
            Issue.record("\(file) has \(file.lines) lines, more than \(Self.maximumFileLines)")
        }
    }

    @Test func noFunctionIsTooLong() {
        for file in Repository.swiftFiles where !file.isGenerated {
            for function in file.functions where function.lines > Self.maximumFunctionLines {
                Issue.record(
                    """
                    \(file):\(function.line) \(function.name) has \(function.lines) lines, \
                    more than \(Self.maximumFunctionLines)
                    """)
            }
        }
    }

    @Test func everyModuleExplainsItself() {
        for module in Repository.modules {
            let lines = Repository.text(of: "Sources/\(module)/README.md").split(separator: "\n")
            #expect(lines.first == "# \(module)")
            #expect(lines.count >= 2, "Sources/\(module)/README.md says nothing about \(module)")
        }
    }
}
