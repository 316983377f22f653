import CommandLine

/// A word of the form `KEY=VALUE`.
struct KeyValueArgument: ExpressibleByArgument {
    let key: String
    let value: String

    init(argument: String) throws(InvalidArgument) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
            throw InvalidArgument("must be KEY=VALUE")
        }
        key = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }

    var argumentText: String { "\(key)=\(value)" }
}
