/// A switch: `--until-end`, or `--idempotent` and `--no-idempotent`.
@propertyWrapper
public struct Flag {
    public enum Inversion: Sendable {
        /// The flag only turns on.
        case none
        /// `--no-name` turns it off.
        case prefixedNo
    }

    let storage: ValueStorage<Bool>
    let name: NameSpecification
    let inversion: Inversion
    let initial: Bool
    let help: String

    public var wrappedValue: Bool {
        get { storage.value }
        nonmutating set { storage.set(newValue) }
    }

    public init(
        wrappedValue: Bool, name: NameSpecification = .long, inversion: Inversion = .none, help: String
    ) {
        storage = ValueStorage(wrappedValue) { (text, _) in text == "true" }
        self.name = name
        self.inversion = inversion
        self.help = help
        initial = wrappedValue
    }
}

extension Flag: ParameterProperty {
    func declared(property: String) -> DeclaredParameter {
        let long = name.longName(property: property)
        var negative: String?
        if case .prefixedNo = inversion { negative = "no-\(long)" }
        let declaration = ParameterDeclaration(
            role: .flag(negativeName: negative), name: long, short: name.short, aliases: name.aliases, valueName: "",
            valueKind: .text,
            summary: help, defaultText: initial ? "on" : nil, isRequired: false, isRepeated: false)
        return DeclaredParameter(declaration: declaration, storage: storage)
    }
}
