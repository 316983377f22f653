/// What the code of one structure has to know about its message.
struct StructureLayout {
    let message: Message
    /// The versions in which the structure can stand somewhere.
    let versions: VersionRange
    let fields: [Field]

    /// Whether lengths are compact, as an expression: `true`, `false` or the variable `compact`.
    var compact: String {
        guard let first = message.flexibleFrom, first <= versions.last else { return "false" }
        return first <= versions.first ? "true" : "compact"
    }

    var plainFields: [Field] { fields.filter { $0.tag == nil } }

    var taggedFields: [Field] {
        fields.filter { $0.tag != nil }.sorted { ($0.tag ?? 0) < ($1.tag ?? 0) }
    }

    /// Whether some of its fields asks for `compact`.
    var usesCompact: Bool {
        compact == "compact"
    }

    /// Runs of plain fields that the same versions have.
    var groups: [(versions: VersionRange, fields: [Field])] {
        var groups: [(versions: VersionRange, fields: [Field])] = []
        for field in plainFields {
            let present = field.versions.intersection(versions)
            if let last = groups.last, last.versions == present {
                groups[groups.count - 1].fields.append(field)
            } else {
                groups.append((present, [field]))
            }
        }
        return groups
    }

    /// A test for `range`; nil when all versions of the structure pass it.
    func condition(_ range: VersionRange) -> String? {
        if range.covers(versions) { return nil }
        if range.last >= versions.last { return "version >= \(range.first)" }
        if range.first <= versions.first { return "version <= \(range.last)" }
        if range.first == range.last { return "version == \(range.first)" }
        return "(\(range.first)...\(range.last)).contains(version)"
    }
}

// MARK: - Sizes

extension StructureLayout {
    /// The fewest bytes that the structure takes in `version`.
    func minimumSize(in version: Int16) -> Int {
        let isFlexible = message.isFlexible(version)
        let fields = plainFields.filter { $0.versions.contains(version) }
        return fields.reduce(isFlexible ? 1 : 0) { size, field in
            size + minimumSize(of: field, in: version, isFlexible: isFlexible && !field.isClassic)
        }
    }

    private func minimumSize(of field: Field, in version: Int16, isFlexible: Bool) -> Int {
        switch field.type {
        case .scalar(let scalar): return scalar.size
        case .string: return isFlexible ? 1 : 2
        case .bytes, .array: return isFlexible ? 1 : 4
        case .structure(let name):
            if field.nullable.contains(version) { return 1 }
            guard let structure = message.structures.first(where: { $0.name == name }) else { return 0 }
            let layout = StructureLayout(message: message, versions: structure.versions, fields: structure.fields)
            return layout.minimumSize(in: version)
        }
    }

    /// `minimumSize(in:)` as an expression over `version`.
    var minimumSizeExpression: String {
        var steps: [(first: Int16, size: Int)] = []
        for version in versions.first...versions.last {
            let size = minimumSize(in: version)
            if steps.last?.size != size { steps.append((version, size)) }
        }
        var expression = ""
        for step in steps.dropFirst().reversed() { expression += "version >= \(step.first) ? \(step.size) : " }
        return expression + "\(steps[0].size)"
    }
}
