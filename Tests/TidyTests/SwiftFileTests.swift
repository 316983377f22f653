import Testing

/// The reader of Swift files must itself be right, or the other tests say nothing.
struct SwiftFileTests {
    @Test func commentsAndStringsAreNotCode() {
        let file = SwiftFile(
            path: "Sources/A/B.swift",
            text: ##"""
                /* outer /* inner */ import No */ import Yes
                let text = "import No \(call("}") + other) // no comment" // TODO in a comment
                let raw = #"quote " inside \(no) \#(yes)"#
                """##)
        #expect(file.imports.map(\.module) == ["Yes"])
        #expect(file.uses(of: ["call", "other", "yes", "no", "No"]).map(\.word) == ["call", "other", "yes"])
        #expect(file.comments.contains("TODO in a comment"))
        #expect(!file.comments.contains("no comment"))
    }

    @Test func importsOfEveryForm() {
        let file = SwiftFile(
            path: "Sources/A/B.swift",
            text: """
                @testable import One
                public import Two
                import struct Three.Four
                """)
        #expect(file.imports.map(\.module) == ["One", "Two", "Three"])
        #expect(file.imports.map(\.line) == [1, 2, 3])
    }

    @Test func functionsAreMeasuredFromNameToLastBrace() {
        let file = SwiftFile(
            path: "Sources/A/B.swift",
            text: """
                protocol P {
                    func requirement(a: Int) -> Int
                    var value: Int { get }
                    init(x: Int)
                }
                struct S {
                    var stored = [1, 2].map { $0 }
                    var plain: Int
                    var computed: Int {
                        plain
                    }
                    init(f: () -> Void = {}) {
                        self.init()
                    }
                    func long(
                        a: [Int] = []
                    ) where Int: Sendable {
                        if a.isEmpty {
                        }
                    }
                }
                """)
        let measured = file.functions.map { "\($0.name) \($0.line) \($0.lines)" }
        #expect(measured == ["value 3 1", "computed 9 3", "init 12 3", "long 15 6"])
    }

    @Test func membersAndDeclarationsAreNotUses() {
        let file = SwiftFile(
            path: "Sources/A/B.swift",
            text: """
                func read(write: Int) { file.read(); read(write: 1) }
                """)
        #expect(file.uses(of: ["read", "write"]).map(\.word) == ["read"])
    }

    @Test func forcedTriesAreSeen() {
        let file = SwiftFile(path: "Sources/A/B.swift", text: "try! a()\nif try !b() { try? c() }\n")
        #expect(file.forcedTries == [1])
    }
}
