/// The type of a key's value. The raw values are those of DescribeConfigs.
public enum ConfigurationType: Int8, Sendable {
    case boolean = 1
    case string = 2
    case int = 3
    case short = 4
    case long = 5
    case double = 6
    case list = 7
    case className = 8
    case password = 9
}

/// A value after parsing. A key's value always has the case that its type asks for: `integer` for short, int and
/// long, `text` for string, class and password.
public enum ConfigurationValue: Sendable, Equatable {
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case text(String)
    case list([String])
}

extension ConfigurationValue {
    public var boolean: Bool {
        guard case .boolean(let value) = self else { preconditionFailure("the key is not a boolean") }
        return value
    }

    public var integer: Int64 {
        guard case .integer(let value) = self else { preconditionFailure("the key is not a whole number") }
        return value
    }

    public var double: Double {
        guard case .double(let value) = self else { preconditionFailure("the key is not a double") }
        return value
    }

    public var text: String {
        guard case .text(let value) = self else { preconditionFailure("the key is not a string") }
        return value
    }

    public var list: [String] {
        guard case .list(let value) = self else { preconditionFailure("the key is not a list") }
        return value
    }
}

extension ConfigurationType {
    /// Reads `text` as Kafka does: white space around it is dropped (but for passwords), truth values are read in any
    /// case, list elements are separated by commas.
    ///
    /// - Returns: the value, or why there is none.
    func parse(_ text: String) -> Result<ConfigurationValue, ConfigurationReason> {
        let trimmed = text.trimmed
        switch self {
        case .boolean: return ConfigurationType.parseBoolean(trimmed)
        case .short: return ConfigurationType.parseInteger(trimmed, Int16.self, "SHORT")
        case .int: return ConfigurationType.parseInteger(trimmed, Int32.self, "INT")
        case .long: return ConfigurationType.parseInteger(trimmed, Int64.self, "LONG")
        case .double:
            guard let value = Double(trimmed), value.isFinite else { return .failure("Not a number of type DOUBLE") }
            return .success(.double(value))
        case .list: return .success(.list(ConfigurationType.elements(of: trimmed)))
        case .string, .className: return .success(.text(trimmed))
        case .password: return .success(.text(text))
        }
    }

    private static func parseBoolean(_ text: String) -> Result<ConfigurationValue, ConfigurationReason> {
        switch text.lowercased() {
        case "true": .success(.boolean(true))
        case "false": .success(.boolean(false))
        default: .failure("Expected value to be either true or false")
        }
    }

    private static func parseInteger<Width: FixedWidthInteger>(
        _ text: String, _: Width.Type, _ name: String
    ) -> Result<ConfigurationValue, ConfigurationReason> {
        guard let value = Width(text) else { return .failure("Not a number of type \(name)") }
        return .success(.integer(Int64(value)))
    }

    private static func elements(of text: String) -> [String] {
        text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
    }
}

/// Why a value is not allowed: what is, in words that follow "Invalid value x for configuration y: ".
struct ConfigurationReason: Error, Equatable, ExpressibleByStringInterpolation {
    let text: String
    init(stringLiteral text: String) { self.text = text }
}

extension String {
    /// Without the characters up to U+0020 at both ends.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { $0.value > 0x20 }),
            let last = scalars.lastIndex(where: { $0.value > 0x20 })
        else { return "" }
        return String(scalars[first...last])
    }
}
