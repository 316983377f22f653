/// A named value: `--partitions 3` or `--partitions=3`.
///
/// An optional property may be left out, a property with a default shows it in the help, an array takes the option
/// several times, and any other must be given.
@propertyWrapper
public struct Option<Value> {
    let storage: ValueStorage<Value>
    let name: NameSpecification
    let valueName: String?
    let valueKind: ValueKind
    let help: String
    let defaultText: String?
    let isRepeated: Bool
    let isRequired: Bool

    public var wrappedValue: Value {
        get { storage.value }
        nonmutating set { storage.set(newValue) }
    }

    /// Whether the command line gave this option, rather than its default.
    public var isGiven: Bool { storage.isGiven }
    public var projectedValue: Option<Value> { self }
}

extension Option where Value: ExpressibleByArgument {
    /// An option that must be given.
    public init(name: NameSpecification = .long, valueName: String? = nil, kind: ValueKind? = nil, help: String) {
        let storage = ValueStorage<Value>(nil) { (text, _) throws(InvalidArgument) in try Value(argument: text) }
        self.init(storage, name, valueName, kind ?? Value.valueKind, help, defaultText: nil, isRequired: true)
    }

    /// An option with a default.
    public init(
        wrappedValue: Value, name: NameSpecification = .long, valueName: String? = nil, kind: ValueKind? = nil,
        help: String
    ) {
        let storage = ValueStorage<Value>(wrappedValue) { (text, _) throws(InvalidArgument) in try Value(argument: text)
        }
        self.init(
            storage, name, valueName, kind ?? Value.valueKind, help, defaultText: wrappedValue.argumentText)
    }
}

extension Option {
    /// An option that may be left out.
    public init<Element: ExpressibleByArgument>(
        wrappedValue: Element? = nil, name: NameSpecification = .long, valueName: String? = nil,
        kind: ValueKind? = nil, help: String
    ) where Value == Element? {
        let storage = ValueStorage<Element?>(.some(wrappedValue)) { (text, _) throws(InvalidArgument) in
            try Element(argument: text)
        }
        self.init(
            storage, name, valueName, kind ?? Element.valueKind, help, defaultText: wrappedValue?.argumentText)
    }

    /// An option that may be given several times.
    public init<Element: ExpressibleByArgument>(
        wrappedValue: [Element] = [], name: NameSpecification = .long, valueName: String? = nil,
        kind: ValueKind? = nil, help: String
    ) where Value == [Element] {
        let storage = ValueStorage<[Element]>(wrappedValue) { (text, earlier) throws(InvalidArgument) in
            (earlier ?? []) + [try Element(argument: text)]
        }
        self.init(storage, name, valueName, kind ?? Element.valueKind, help, defaultText: nil, isRepeated: true)
    }

    private init(
        _ storage: ValueStorage<Value>, _ name: NameSpecification, _ valueName: String?, _ valueKind: ValueKind,
        _ help: String, defaultText: String?, isRepeated: Bool = false, isRequired: Bool = false
    ) {
        self.storage = storage
        self.name = name
        self.valueName = valueName
        self.valueKind = valueKind
        self.help = help
        self.defaultText = defaultText
        self.isRepeated = isRepeated
        self.isRequired = isRequired
    }
}

extension Option: ParameterProperty {
    func declared(property: String) -> DeclaredParameter {
        let long = name.longName(property: property)
        let declaration = ParameterDeclaration(
            role: .option, name: long, short: name.short, aliases: name.aliases,
            valueName: valueName ?? kebabCase(property).uppercased(), valueKind: valueKind, summary: help,
            defaultText: defaultText, isRequired: isRequired, isRepeated: isRepeated)
        return DeclaredParameter(declaration: declaration, storage: storage)
    }
}

/// Where a wrapper keeps its value. A class, so that the parser can fill it through a copy of the wrapper.
final class ValueStorage<Value>: ParameterStorage {
    private var current: Value?
    private(set) var isGiven = false
    private let parse: (_ text: String, _ earlier: Value?) throws(InvalidArgument) -> Value

    init(
        _ initial: Value?, parse: @escaping (_ text: String, _ earlier: Value?) throws(InvalidArgument) -> Value
    ) {
        current = initial
        self.parse = parse
    }

    var hasValue: Bool { current != nil }

    var value: Value {
        guard let current else { preconditionFailure("a required parameter was read before the command line") }
        return current
    }

    func set(_ value: Value) { current = value }

    func accept(_ text: String) throws(InvalidArgument) {
        // What is given replaces a default; what is given again is added to what was given.
        current = try parse(text, isGiven ? current : nil)
        isGiven = true
    }
}
