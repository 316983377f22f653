import Testing

@testable import martlet

struct PrintableTests {
    @Test(arguments: [
        ("billing", "billing"), ("a\nb", "a\\u{a}b"), ("\u{1b}[2J", "\\u{1b}[2J"), ("카프카 é", "카프카 é"),
        ("a\r\nb\u{2028}", "a\\u{d}\\u{a}b\\u{2028}"), ("", ""),
    ]) func namesStayOnTheirLine(name: String, shown: String) {
        #expect(name.printable == shown)
    }
}
