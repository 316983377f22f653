import Testing

@testable import Configuration

@Suite struct PropertiesFileTests {
    private func pairs(_ text: String) throws -> [[String]] {
        try PropertiesFile(text).entries.map { [$0.key, $0.value] }
    }

    @Test func separatorsAndComments() throws {
        let text = """
            # a comment
              ! another
            a=1
            b : 2
            c 3
            d\t=\t4

            e
            f=
            g = x = y\u{20}
            """
        #expect(
            try pairs(text) == [
                ["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"], ["e", ""], ["f", ""], ["g", "x = y "],
            ])
    }

    @Test func linesContinueAfterAnOddNumberOfBackslashes() throws {
        #expect(try pairs("a=1,\\\n   2,\\\r\n\t3\nb=x\\\\\nc=y") == [["a", "1,2,3"], ["b", "x\\"], ["c", "y"]])
        #expect(try pairs("a=1\\") == [["a", "1"]])
        #expect(try pairs("a=1\\\n#2") == [["a", "1#2"]])
        #expect(try pairs("# comment\\\na=1") == [["a", "1"]])
    }

    @Test func escapes() throws {
        #expect(try pairs(#"a\ b\=c\:d=\t\n\r\f\q\\"#) == [["a b=c:d", "\t\n\r\u{C}q\\"]])
        #expect(try pairs(#"k=\u0041\ud83d\ude00é"#) == [["k", "A😀é"]])
    }

    @Test func aBrokenEscapeNamesItsLine() {
        #expect(throws: PropertiesFile.InvalidEscape(line: 3)) { try PropertiesFile("a=1\n\nb=\\u12g4\n") }
        #expect(throws: PropertiesFile.InvalidEscape(line: 1)) { try PropertiesFile("a=\\u12") }
    }

    @Test func linesAreCounted() throws {
        let entries = try PropertiesFile("\r\n# x\ra=1\\\n2\n\nb=3").entries
        #expect(entries.map(\.line) == [3, 6])
    }

    @Test func anyTextIsRead() throws {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("ab=: \\\n\r\t#!u0é")
        for _ in 0..<2_000 {
            let text = String((0..<20).map { _ in alphabet.randomElement(using: &random) ?? "a" })
            _ = try? PropertiesFile(text)
        }
    }
}
