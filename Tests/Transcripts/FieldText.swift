import Bytes
import KafkaProtocol

/// Messages as text: the fields that differ from their defaults, so that a story shows what matters.
public struct FieldText: Sendable {
    /// Longer arrays are only counted.
    private static let longestArray = 8

    private var defaults: [ObjectIdentifier: [String: String]] = [:]
    private let always: Set<String>
    private let bytes: @Sendable ([UInt8]) -> String

    /// - Parameters:
    ///   - defaults: of each type a value as they usually are, whose fields shall not be shown.
    ///   - always: fields that are shown in any case.
    ///   - bytes: how bytes read.
    public init(defaults: [Any], always: Set<String>, bytes: @escaping @Sendable ([UInt8]) -> String) {
        self.always = always
        self.bytes = bytes
        for value in defaults {
            var texts: [String: String] = [:]
            for child in Mirror(reflecting: value).children {
                if let label = child.label { texts[label] = text(child.value) }
            }
            self.defaults[ObjectIdentifier(type(of: value))] = texts
        }
    }

    /// `name=value` for each field that differs; an error's name stands alone.
    public func fields(of value: Any, except hidden: Set<String> = []) -> String {
        let standard = defaults[ObjectIdentifier(type(of: value))] ?? [:]
        let shown = Mirror(reflecting: value).children.compactMap { child -> String? in
            guard let label = child.label, !hidden.contains(label) else { return nil }
            let text = text(child.value)
            guard text != standard[label] || always.contains(label) else { return nil }
            if label == "errorCode", let code = child.value as? Int16 { return ErrorCode(rawValue: code).description }
            return "\(label)=\(text)"
        }
        return shown.joined(separator: " ")
    }

    private func text(_ value: Any) -> String {
        let isBytes = type(of: value) == [UInt8].self
        switch value {
        case let value as String: return quoted(value)
        // An empty array of anything could be cast to bytes.
        case let value as [UInt8] where isBytes: return bytes(value)
        case let value as UUID: return value.description
        default: break
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.map { text($0.value) } ?? "none"
        case .collection where mirror.children.count > FieldText.longestArray:
            return "[\(mirror.children.count) of them]"
        case .collection: return "[\(mirror.children.map { text($0.value) }.joined(separator: ", "))]"
        case .struct where !mirror.children.isEmpty: return "(\(fields(of: value)))"
        default: return "\(value)"
        }
    }

    private func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.contains { " ()[]=,\"".contains($0) }
        return isPlain ? text : "\"\(text)\""
    }
}
