extension FieldType {
    var swiftName: String {
        switch self {
        case .scalar(let scalar): scalar.swiftName
        case .string: "String"
        case .bytes: "[UInt8]"
        case .structure(let name): name
        case .array(let element): "[\(element.swiftName)]"
        }
    }

    /// The structure that it is, or that its elements are.
    var structureName: String? {
        switch self {
        case .structure(let name): name
        case .array(let element): element.structureName
        case .scalar, .string, .bytes: nil
        }
    }

    /// Whether its elements are read with the version of their message.
    var isArrayOfStructures: Bool {
        if case .array(.structure) = self { return true }
        return false
    }
}

extension Field {
    /// The declaration of the property with its default.
    var declaration: String {
        let type = type.swiftName + (isNullable ? "?" : "")
        let head = "public var \(name.declared)"
        if defaultValue == .null { return "\(head): \(type)" }
        switch self.type {
        case .scalar(.bool): return "\(head) = \(defaultValue == .yes)"
        case .scalar(.uuid): return "\(head) = UUID.zero"
        case .scalar:
            if case .number(let number) = defaultValue { return "\(head): \(type) = \(number)" }
            return "\(head): \(type) = 0"
        case .string: return isNullable ? "\(head): \(type) = \"\"" : "\(head) = \"\""
        case .bytes, .array: return "\(head): \(type) = []"
        case .structure(let name): return isNullable ? "\(head): \(type) = \(name)()" : "\(head) = \(name)()"
        }
    }

    /// A test whether the value is not the default.
    var isSet: String {
        let name = name.used
        if defaultValue == .null { return "\(name) != nil" }
        switch type {
        case .scalar(.bool): return defaultValue == .yes ? "!\(name)" : name
        case .scalar(.uuid): return "!\(name).isZero"
        case .scalar:
            if case .number(let number) = defaultValue { return "\(name) != \(number)" }
            return "\(name) != 0"
        case .string, .bytes, .array: return isNullable ? "\(name)?.isEmpty != true" : "!\(name).isEmpty"
        case .structure: return isNullable ? "\(name)?.isDefault != true" : "!\(name).isDefault"
        }
    }

    /// The expression that reads the field from `source`.
    func reading(from source: String, in layout: StructureLayout) -> String {
        let compact = "compact: \(isClassic ? "false" : layout.compact)"
        let name: String
        switch type {
        case .scalar(let scalar): return "try \(source).\(scalar.rawValue)()"
        case .structure(let name):
            if !isNullable { return "try \(name)(from: &\(source), version: version)" }
            return "try \(source).nullableStructure(version: version)"
        case .string: name = "string"
        case .bytes: name = "bytes"
        case .array: name = "array"
        }
        let version = type.isArrayOfStructures ? ", version: version" : ""
        if !isNullable { return "try \(source).\(name)(\(compact)\(version))" }
        let nullable = "nullable" + name.prefix(1).uppercased() + name.dropFirst()
        return "try \(source).\(nullable)(\(compact)\(version)\(nullability(in: layout)))"
    }

    /// The statement that writes the field.
    func writing(in layout: StructureLayout) -> String {
        let compact = "compact: \(isClassic ? "false" : layout.compact)"
        switch type {
        case .scalar: return "writer.write(\(name.used))"
        case .structure:
            if isNullable { return "try writer.writeNullable(\(name.used), version: version)" }
            return "try \(name.used).encode(into: &writer, version: version)"
        case .string, .bytes:
            return "try writer.write(\(name.used), \(compact)\(nullability(in: layout)))"
        case .array:
            let version = type.isArrayOfStructures ? ", version: version" : ""
            return "try writer.writeArray(\(name.used), \(compact)\(version)\(nullability(in: layout)))"
        }
    }

    /// Whether it says how a request, or a part of it, went.
    var isErrorCode: Bool { type == .scalar(.int16) && (name == "errorCode" || name == "partitionErrorCode") }

    /// The statement that calls `body` with the errors in the field.
    var visitingErrors: String {
        if isErrorCode { return "body(ErrorCode(rawValue: \(name.used)))" }
        guard case .array = type else {
            return "\(name.used)\(isNullable ? "?" : "").forEachError(in: version, body)"
        }
        return "for row in \(name.used)\(isNullable ? " ?? []" : "") { row.forEachError(in: version, body) }"
    }

    /// The argument that says when null is allowed, where that is not always.
    private func nullability(in layout: StructureLayout) -> String {
        guard isNullable, !nullable.covers(versions.intersection(layout.versions)) else { return "" }
        return layout.condition(nullable).map { ", nullAllowed: \($0)" } ?? ""
    }
}
