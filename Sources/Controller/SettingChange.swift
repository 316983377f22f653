import Bytes
import Configuration
import KafkaProtocol
import Metadata

/// One change of one setting, as a request asks for it.
struct SettingChange {
    let name: String
    let operation: Int8
    let value: String?

    private enum Operation: Int8 {
        case set = 0
        case delete = 1
        case append = 2
        case subtract = 3

        var name: String {
            switch self {
            case .set: "SET"
            case .delete: "DELETE"
            case .append: "APPEND"
            case .subtract: "SUBTRACT"
            }
        }
    }

    /// Checks what is asked of one resource, before its settings are looked at.
    static func check(_ changes: [SettingChange]) throws(ControllerError) {
        guard Set(changes.map { Name($0.name) }).count == changes.count else {
            throw ControllerError(.invalidRequest, "Error due to duplicate config keys")
        }
        let nulls = changes.filter { $0.value == nil && $0.operation != Operation.delete.rawValue }
        guard nulls.isEmpty else {
            let names = nulls.map(\.name).joined(separator: ", ")
            throw ControllerError(.invalidRequest, "Null value not supported for : \(names)")
        }
    }

    func apply(to texts: inout [String: String], of kind: ConfigurationResource.Kind) throws(ControllerError) {
        guard let operation = Operation(rawValue: operation) else {
            throw ControllerError(.invalidRequest, nil)
        }
        switch operation {
        case .set: texts[name] = value
        case .delete: texts[name] = nil
        case .append, .subtract:
            let key = try listKey(operation, kind)
            let elements = SettingChange.elements(value ?? "")
            var list = SettingChange.elements(texts[name] ?? key.defaultText ?? "")
            if operation == .append {
                for element in elements where !list.contains(element) { list.append(element) }
            } else {
                list.removeAll(where: elements.contains)
            }
            texts[name] = list.map(\.text).joined(separator: ",")
        }
    }

    private static func elements(_ text: String) -> [Name] {
        text.split(separator: ",").map { element in
            var element = element
            while element.first == " " { element.removeFirst() }
            while element.last == " " { element.removeLast() }
            return Name(String(element))
        }
    }

    /// The key, when its values are lists.
    private func listKey(
        _ operation: Operation, _ kind: ConfigurationResource.Kind
    ) throws(ControllerError) -> ConfigurationKey {
        let key =
            switch kind {
            case .topic: TopicKey(rawValue: name)?.definition
            case .broker: BrokerKeys.key(name)
            // Kafka knows no lists among these.
            case .clientMetrics, .group: nil as ConfigurationKey?
            }
        if let key, key.type == .list { return key }
        throw ControllerError(
            .invalidConfig, "Can't \(operation.name) to key \(name) because its type is not LIST.")
    }
}
