/// Parameters that several commands share, declared once in a `ParsableArguments` of their own.
@propertyWrapper
public struct OptionGroup<Members: ParsableArguments> {
    /// The heading over them in help.
    public let title: String
    private let storage: Storage

    private final class Storage {
        var members = Members()

        func validate() throws {
            try validateGroups(of: members)
            try members.validate()
        }
    }

    public init(title: String = "") {
        self.title = title
        storage = Storage()
    }

    public var wrappedValue: Members { storage.members }
}

extension OptionGroup: ParameterGroup {
    var members: any ParsableArguments { storage.members }

    func validateMembers() throws {
        try storage.validate()
    }
}
