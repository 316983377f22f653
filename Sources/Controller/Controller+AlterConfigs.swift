import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    /// Changes single settings of resources, each resource by itself.
    ///
    /// - Parameter loggers: changes the levels of this broker's loggers, which are not kept.
    public func incrementalAlterConfigs(
        _ request: IncrementalAlterConfigsRequest,
        loggers: ([IncrementalAlterConfigsRequest.AlterableConfig]) throws(ControllerError) -> Void
    ) -> ControllerResult<IncrementalAlterConfigsResponse> {
        var result = ControllerResult(reply: IncrementalAlterConfigsResponse())
        let repeated = Repetitions(request.resources.map { NamedResource($0.resourceType, $0.resourceName) })
        for resource in request.resources {
            let named = NamedResource(resource.resourceType, resource.resourceName)
            let changes = resource.configs.map {
                SettingChange(name: $0.name, operation: $0.configOperation, value: $0.value)
            }
            let failure = attempt(changes, of: named, repeated) { () throws(ControllerError) in
                guard named.isLoggers else {
                    result.records += try alter(named, by: changes, keepingOthers: true)
                    return
                }
                try named.checkNode(configuration.nodeId)
                try loggers(resource.configs)
            }
            result.reply.responses.append(.init(named, failure))
        }
        if request.validateOnly { result.records = [] }
        return result
    }

    /// Replaces all settings of resources: what is not named goes back to its default.
    public func alterConfigs(_ request: AlterConfigsRequest) -> ControllerResult<AlterConfigsResponse> {
        var result = ControllerResult(reply: AlterConfigsResponse())
        let repeated = Repetitions(request.resources.map { NamedResource($0.resourceType, $0.resourceName) })
        for resource in request.resources {
            let named = NamedResource(resource.resourceType, resource.resourceName)
            let changes = resource.configs.map { SettingChange(name: $0.name, operation: 0, value: $0.value) }
            let failure = attempt(changes, of: named, repeated) { () throws(ControllerError) in
                result.records += try alter(named, by: changes, keepingOthers: false)
            }
            result.reply.responses.append(.init(named, failure))
        }
        if request.validateOnly { result.records = [] }
        return result
    }

    /// Checks the changes of one resource and makes them; what kept it from that, if anything did.
    private func attempt(
        _ changes: [SettingChange], of named: NamedResource, _ repeated: Repetitions,
        _ make: () throws(ControllerError) -> Void
    ) -> ControllerError? {
        do throws(ControllerError) {
            try repeated.refuse(named)
            try SettingChange.check(changes)
            try make()
            return nil
        } catch {
            return error
        }
    }

    /// The records that make a resource's settings what the changes make of them.
    private func alter(
        _ named: NamedResource, by changes: [SettingChange], keepingOthers: Bool
    ) throws(ControllerError) -> [MetadataRecord] {
        let resource = try named.resource(node: configuration.nodeId)
        let before = image.configuration(of: resource)
        var after = keepingOthers ? before : [:]
        for change in changes { try change.apply(to: &after, of: resource.kind) }
        try ConfigurationRules(self).check(resource, from: before, to: after)
        return Set(before.keys).union(after.keys).sorted().compactMap { key in
            if before[key].map({ Name($0) }) == after[key].map({ Name($0) }) { return nil }
            return .configuration(ConfigurationRecord(resource: resource, key: key, value: after[key]))
        }
    }
}

/// What a request calls a resource.
private struct NamedResource: Hashable {
    let type: Int8
    let name: Name

    init(_ type: Int8, _ name: String) {
        self.type = type
        self.name = Name(name)
    }

    /// Loggers have levels and no stored settings.
    var isLoggers: Bool { type == 8 }

    func resource(node: Int32) throws(ControllerError) -> ConfigurationResource {
        guard let kind = ConfigurationResource.Kind(rawValue: type) else {
            throw ControllerError(.invalidRequest, "Unknown resource type \(type)")
        }
        guard kind == .broker, !name.isEmpty else { return ConfigurationResource(kind: kind, name: name) }
        try checkNode(node)
        return .broker(node)
    }

    func checkNode(_ node: Int32) throws(ControllerError) {
        guard let id = Int32(name.text) else {
            throw ControllerError(.invalidRequest, "Node id must be an integer, but it is: \(name)")
        }
        guard id == node else {
            throw ControllerError(.invalidRequest, "Unexpected broker id, expected \(node), but received \(name)")
        }
    }
}

/// Resources that a request names more than once.
private struct Repetitions {
    private let counts: [NamedResource: Int]

    init(_ resources: [NamedResource]) {
        counts = Dictionary(resources.map { ($0, 1) }, uniquingKeysWith: +)
    }

    func refuse(_ resource: NamedResource) throws(ControllerError) {
        guard counts[resource] == 1 else {
            throw ControllerError(.invalidRequest, "Each resource must appear at most once.")
        }
    }
}

extension IncrementalAlterConfigsResponse.AlterConfigsResourceResponse {
    fileprivate init(_ resource: NamedResource, _ error: ControllerError?) {
        self.init()
        resourceType = resource.type
        resourceName = resource.name.text
        errorCode = error?.code.rawValue ?? ErrorCode.none.rawValue
        errorMessage = error?.message
    }
}

extension AlterConfigsResponse.AlterConfigsResourceResponse {
    fileprivate init(_ resource: NamedResource, _ error: ControllerError?) {
        self.init()
        resourceType = resource.type
        resourceName = resource.name.text
        errorCode = error?.code.rawValue ?? ErrorCode.none.rawValue
        errorMessage = error?.message
    }
}
