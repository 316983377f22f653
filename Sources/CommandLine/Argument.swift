/// A word by its place: the `orders` of `martlet topic describe orders`.
///
/// An optional property may be left out, an array takes all words that are left, any other must be given.
@propertyWrapper
public struct Argument<Value> {
    let storage: ValueStorage<Value>
    let valueName: String?
    let valueKind: ValueKind
    let help: String
    let isRepeated: Bool
    let isRequired: Bool

    public var wrappedValue: Value {
        get { storage.value }
        nonmutating set { storage.set(newValue) }
    }
}

extension Argument where Value: ExpressibleByArgument {
    /// An argument that must be given.
    public init(valueName: String? = nil, kind: ValueKind? = nil, help: String) {
        storage = ValueStorage(nil) { (text, _) throws(InvalidArgument) in try Value(argument: text) }
        self.valueName = valueName
        valueKind = kind ?? Value.valueKind
        self.help = help
        isRepeated = false
        isRequired = true
    }
}

extension Argument {
    /// An argument that may be left out.
    public init<Element: ExpressibleByArgument>(
        wrappedValue: Element? = nil, valueName: String? = nil, kind: ValueKind? = nil, help: String
    ) where Value == Element? {
        storage = ValueStorage(.some(wrappedValue)) { (text, _) throws(InvalidArgument) in
            try Element(argument: text)
        }
        self.valueName = valueName
        valueKind = kind ?? Element.valueKind
        self.help = help
        isRepeated = false
        isRequired = false
    }

    /// All words that are left; at least one when `isRequired`.
    public init<Element: ExpressibleByArgument>(
        isRequired: Bool, valueName: String? = nil, kind: ValueKind? = nil, help: String
    ) where Value == [Element] {
        storage = ValueStorage(isRequired ? nil : []) { (text, earlier) throws(InvalidArgument) in
            (earlier ?? []) + [try Element(argument: text)]
        }
        self.valueName = valueName
        valueKind = kind ?? Element.valueKind
        self.help = help
        isRepeated = true
        self.isRequired = isRequired
    }
}

extension Argument: ParameterProperty {
    func declared(property: String) -> DeclaredParameter {
        let declaration = ParameterDeclaration(
            role: .argument, name: property, short: nil, aliases: [],
            valueName: valueName ?? kebabCase(property).uppercased(), valueKind: valueKind, summary: help,
            defaultText: nil, isRequired: isRequired, isRepeated: isRepeated)
        return DeclaredParameter(declaration: declaration, storage: storage)
    }
}
