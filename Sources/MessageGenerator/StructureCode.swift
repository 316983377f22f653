/// Writes the Swift code of one structure: its properties, and how it is read and written.
struct StructureCode {
    let layout: StructureLayout
    /// Whether this is the message itself rather than a part of it.
    let isMessage: Bool

    private var access: String { isMessage ? "public" : "package" }

    func properties(into source: inout SourceText) {
        for field in layout.fields { source.line(field.declaration) }
        source.line("public init() {}")
    }

    // MARK: - Reading

    func decoder(into source: inout SourceText) {
        let signature = "(from cursor: inout ByteCursor, version: Int16) throws(DecodeError)"
        source.block("\(access) init\(signature)") { source in
            if isMessage { source.line("guard Self.versions.contains(version) else { throw .unsupportedVersion }") }
            compactVariable(into: &source)
            for group in layout.groups {
                let reads = group.fields.map { "\($0.name.used) = \($0.reading(from: "cursor", in: layout))" }
                source.statements(reads, when: layout.condition(group.versions))
            }
            tagsDecoder(into: &source)
        }
    }

    private func compactVariable(into source: inout SourceText) {
        if layout.usesCompact, let first = layout.message.flexibleFrom {
            source.line("let compact = version >= \(first)")
        }
    }

    /// The test before what only flexible versions have; nil where all versions are flexible.
    private var flexibleTest: String? { layout.compact == "true" ? nil : "compact" }

    private func tagsDecoder(into source: inout SourceText) {
        if layout.compact == "false" { return }
        if layout.taggedFields.isEmpty {
            source.statements(["try cursor.skipTaggedFields()"], when: flexibleTest)
            return
        }
        var statements = ["try cursor.taggedFields { (tag, field) throws(DecodeError) in", "    switch tag {"]
        for field in layout.taggedFields {
            let condition = layout.inTaggedField.condition(field.versions).map { " where \($0)" } ?? ""
            let value = field.reading(from: "field", in: layout.inTaggedField)
            statements.append("    case \(field.tag ?? 0)\(condition): \(field.name.used) = \(value)")
        }
        statements += ["    default: return false", "    }", "    return true", "}"]
        source.statements(statements, when: flexibleTest)
    }

    // MARK: - Writing

    func encoder(into source: inout SourceText) {
        let signature = "(into writer: inout ByteWriter, version: Int16) throws(EncodeError)"
        source.block("\(access) func encode\(signature)") { source in
            if isMessage { source.line("guard Self.versions.contains(version) else { throw .unsupportedVersion }") }
            compactVariable(into: &source)
            for group in layout.groups { groupEncoder(group, into: &source) }
            for field in layout.taggedFields where !field.isIgnorable {
                guard let condition = layout.condition(field.versions) else { continue }
                source.line("if !(\(condition)), \(field.isSet) { throw .unsupportedField }")
            }
            tagsEncoder(into: &source)
        }
    }

    /// Writes a run of fields, and refuses values that would be lost in a version without them.
    private func groupEncoder(_ group: (versions: VersionRange, fields: [Field]), into source: inout SourceText) {
        let lost = group.fields.filter { !$0.isIgnorable }.map(\.isSet)
        let end = lost.isEmpty ? "}" : "} else if \(lost.joined(separator: " || ")) { throw .unsupportedField }"
        let writes = group.fields.map { $0.writing(in: layout) }
        source.statements(writes, when: layout.condition(group.versions), otherwise: end)
    }

    private func tagsEncoder(into source: inout SourceText) {
        if layout.compact == "false" { return }
        let fields = layout.taggedFields
        if fields.isEmpty {
            source.statements(["writer.writeUnsignedVarint(0)"], when: flexibleTest)
            return
        }
        var statements: [String] = []
        for field in fields {
            let condition = layout.inTaggedField.condition(field.versions).map { "\($0) && " } ?? ""
            statements.append("let has\(field.name.capitalized) = \(condition)\(field.isSet)")
        }
        let count = fields.map { "has\($0.name.capitalized)" }.joined(separator: ", ")
        statements.append("writer.writeTagCount(\(count))")
        for field in fields {
            statements.append("if has\(field.name.capitalized) {")
            statements.append("    let start = writer.beginTaggedField(\(field.tag ?? 0))")
            statements.append("    \(field.writing(in: layout.inTaggedField))")
            statements.append("    writer.insertSize(at: start)")
            statements.append("}")
        }
        source.statements(statements, when: flexibleTest)
    }

    /// Whether any field differs from its default; only structures in tagged fields are asked.
    func defaultTest(into source: inout SourceText) {
        let tests = layout.fields.map { "!(\($0.isSet))" }
        source.line("var isDefault: Bool { \(tests.joined(separator: " && ")) }")
    }

    // MARK: - Errors

    /// Goes through the error codes: its own, and those of the structures in it.
    func errors(into source: inout SourceText) {
        source.line()
        source.block("\(access) func forEachError(in version: Int16, _ body: (ErrorCode) -> Void)") { source in
            for field in layout.fields where layout.message.hasErrors([field]) {
                source.statements([field.visitingErrors], when: layout.condition(field.versions))
            }
        }
    }

    func minimumSize(into source: inout SourceText) {
        source.line("package static func minimumSize(version: Int16) -> Int { \(layout.minimumSizeExpression) }")
    }
}

extension StructureLayout {
    /// The same layout as seen inside a tagged field, where lengths are always compact.
    var inTaggedField: StructureLayout {
        guard let first = message.flexibleFrom else { return self }
        let flexible = VersionRange(first: max(first, versions.first), last: versions.last)
        return StructureLayout(message: message, versions: flexible, fields: fields)
    }
}

extension String {
    var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
