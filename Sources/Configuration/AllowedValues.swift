/// Which values of its type a key takes.
public enum AllowedValues: Sendable, Equatable {
    case any
    case atLeast(Int64)
    case between(Int64, Int64)
    /// A number from the first to the second, or the third.
    case betweenOr(Int64, Int64, Int64)
    case ratio(Double, Double)
    case oneOf([String])
    case oneOfIgnoringCase([String])
    case notEmpty
    /// Elements of the given names; a repeated element counts once. The list may be empty.
    case elements([String])
    /// As `elements`, but one is needed.
    case someElements([String])
    /// `*`, or `partition:broker` pairs.
    case throttledReplicas
    /// Where a new reader begins: `earliest`, `latest`, or `by_duration:` and an ISO 8601 duration.
    case offsetReset
}

extension AllowedValues {
    /// The value as it is kept (repeated elements dropped), or what would be allowed.
    func check(_ value: ConfigurationValue, of key: String) -> Result<ConfigurationValue, ConfigurationReason> {
        switch (self, value) {
        case (.atLeast(let least), .integer(let number)):
            return number < least ? .failure("Value must be at least \(least)") : .success(value)
        case (.between(let least, let most), .integer(let number)):
            if number < least { return .failure("Value must be at least \(least)") }
            return number > most ? .failure("Value must be no more than \(most)") : .success(value)
        case (.betweenOr(let least, let most, let other), .integer(let number)):
            guard (least...most).contains(number) || number == other else {
                return .failure("Value must be between \(least) and \(most) or equal to \(other)")
            }
            return .success(value)
        case (.ratio(let least, let most), .double(let number)):
            if number < least { return .failure("Value must be at least \(AllowedValues.short(least))") }
            return number > most ? .failure("Value must be no more than \(AllowedValues.short(most))") : .success(value)
        case (.oneOf(let names), .text(let text)):
            return names.contains(text) ? .success(value) : .failure(AllowedValues.oneOf(names))
        case (.oneOfIgnoringCase(let names), .text(let text)):
            return names.contains { $0.lowercased() == text.lowercased() }
                ? .success(value) : .failure("String must be one of (case insensitive): \(names.joined(", "))")
        case (.notEmpty, .text(let text)):
            return text.isEmpty ? .failure("String must not be empty") : .success(value)
        case (.notEmpty, .list(let elements)):
            return elements.isEmpty ? .failure("The list must not be empty") : .success(value)
        case (.elements(let names), .list(let elements)):
            return AllowedValues.check(elements, among: names, mayBeEmpty: true)
        case (.someElements(let names), .list(let elements)):
            return AllowedValues.check(elements, among: names, mayBeEmpty: false)
        case (.throttledReplicas, .list(let elements)):
            guard elements == ["*"] || elements.allSatisfy(AllowedValues.isPartitionAndBroker) else {
                return .failure(
                    "\(key) must be the literal '*' or a list of partition:broker pairs, such as 0:1,1:2")
            }
            return .success(value)
        case (.offsetReset, .text(let text)):
            return OffsetReset.isValid(text)
                ? .success(value)
                : .failure(
                    "The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.")
        default:
            return .success(value)
        }
    }

    private static func check(
        _ elements: [String], among names: [String], mayBeEmpty: Bool
    ) -> Result<ConfigurationValue, ConfigurationReason> {
        if elements.isEmpty, !mayBeEmpty { return .failure("The list must not be empty") }
        var kept: [String] = []
        for element in elements {
            guard names.contains(element) else { return .failure(oneOf(names)) }
            if !kept.contains(element) { kept.append(element) }
        }
        return .success(.list(kept))
    }

    private static func oneOf(_ names: [String]) -> ConfigurationReason {
        "String must be one of: \(names.joined(", "))"
    }

    private static func isPartitionAndBroker(_ element: String) -> Bool {
        let parts = element.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } && Int32(part) != nil
            }
    }

    private static func short(_ number: Double) -> String {
        let text = String(number)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// What is allowed, for people; nil when the type says it all.
    public var summary: String? {
        switch self {
        case .any: nil
        case .atLeast(let least): "at least \(least)"
        case .between(let least, let most): "\(least) to \(most)"
        case .betweenOr(let least, let most, let other): "\(least) to \(most), or \(other)"
        case .ratio(let least, let most): "\(AllowedValues.short(least)) to \(AllowedValues.short(most))"
        case .oneOf(let names): names.joined(", ")
        case .oneOfIgnoringCase(let names): names.joined(", ") + " (in any case)"
        case .notEmpty: "not empty"
        case .elements(let names): "any of " + names.joined(", ")
        case .someElements(let names): "one or more of " + names.joined(", ")
        case .throttledReplicas: "* or partition:broker pairs"
        case .offsetReset: "earliest, latest, or by_duration:PnDTnHnMn.nS"
        }
    }
}

extension [String] {
    /// `joined(separator:)`, short enough to stand inside an interpolation.
    func joined(_ separator: String) -> String { joined(separator: separator) }
}
