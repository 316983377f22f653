import Testing

@testable import MessageGenerator

@Suite("The notation")
struct SchemaParserTests {
    private func parse(_ text: String) throws(SchemaError) -> Schema {
        try SchemaParser.parse(text, name: "99-Sample")
    }

    @Test("A field says its type, versions, nullability, tag, default and flags")
    func fields() throws {
        let schema = try parse(
            """
            # A remark.
            api 99 Sample
            listeners broker controller

            request 2-7 flexible 5+ unstable {
                name: string nullable 3+ key   # a remark
                ids: [int32]? 4-6 = null ignorable
                epoch: int64 6+ tag 3 = -1
                parts: [Part] {
                    index: int32
                }
            }
            response 2-7 flexible 5+ {}
            """)
        #expect(schema.api?.key == 99)
        #expect(schema.api?.listeners == ["broker", "controller"])
        #expect(schema.messages.map(\.name) == ["SampleRequest", "SampleResponse"])
        let request = schema.messages[0]
        #expect(request.versions == VersionRange(first: 2, last: 7))
        #expect(request.flexibleFrom == 5 && request.newestIsUnstable)
        let name = request.fields[0]
        #expect(name.nullable == VersionRange(first: 3, last: 7) && name.isKey && name.versions == request.versions)
        let ids = request.fields[1]
        #expect(ids.type == .array(.scalar(.int32)) && ids.versions == VersionRange(first: 4, last: 6))
        #expect(ids.nullable == ids.versions && ids.defaultValue == .null && ids.isIgnorable)
        let epoch = request.fields[2]
        #expect(epoch.tag == 3 && epoch.defaultValue == .number(-1) && !epoch.isNullable)
        #expect(request.fields[3].type == .array(.structure("Part")))
        #expect(request.structures.map(\.name) == ["Part"])
        #expect(schema.messages[1].fields.isEmpty)
    }

    @Test(
        "A mistake is told with its line",
        arguments: [
            ("data A 0 {\n  x: int33\n}", 2, "unknown type 'int33'"),
            ("data A 0 {\n  x: int32\n", 3, "'{' without '}'"),
            ("data A 0 {\n  x: int32\n  x: int64\n}", 3, "'x' twice"),
            ("data A 0-1 {\n  x: int32 2+\n}", 2, "versions outside those of the structure"),
            ("data A 0 {\n  x: int32 tag 0\n}", 2, "a tagged field in a version that is not flexible"),
            ("data A 0-1 flexible 1+ {\n  x: int32 tag 0\n}", 2, "a tagged field in a version that is not flexible"),
            ("data A 0 flexible 0+ {\n  x: int32 own\n}", 2, "a field of our own has a tag from 10000 on"),
            ("data A 0 flexible 0+ {\n  x: int32 tag 1 own\n}", 2, "a field of our own has a tag from 10000 on"),
            ("data A 0 {\n  x: int32 = null\n}", 2, "a default that 'x' cannot have"),
            ("data A 0 {\n  x: string = true\n}", 2, "a default that 'x' cannot have"),
            ("data A 0 {\n  x: Thing\n}", 2, "unknown type 'Thing'"),
            ("data A 0 {\n  x: int32 {\n}\n}", 2, "only a structure has fields"),
            ("data A 0 {\n  x: int32 sometimes\n}", 2, "unexpected 'sometimes'"),
            ("data A 0 {\n  x int32\n}", 2, "expected: NAME: TYPE"),
            ("data A {\n}", 1, "expected the versions of A"),
            ("request 0 {\n}", 1, "a request without api"),
            ("api x y\n", 1, "expected: api KEY NAME"),
            ("api 1 X\nlisteners client\n", 2, "unknown listener 'client'"),
            ("\n\nmessage A 0 {}\n", 3, "unknown word 'message'"),
        ])
    func mistakes(text: String, line: Int, problem: String) {
        let expected = SchemaError(file: "99-Sample.message", line: line, problem: problem)
        #expect(throws: expected) { try parse(text) }
        #expect(expected.description == "99-Sample.message:\(line): \(problem)")
    }
}
