import CommandLine
import KafkaClientCore

/// What `martlet cluster` found out.
struct ClusterReport {
    let id: String?
    let controller: Int32?
    /// By id.
    let brokers: [ClusterMetadata.Broker]
    let features: [ClusterFeature]
    var directories: [Int32: Result<[DescribedLogDirectory], ClientError>] = [:]

    /// What is not as it should be.
    var problems: [ClientError] {
        brokers.flatMap { broker -> [ClientError] in
            switch directories[broker.nodeId] {
            case .failure(let error)?: [error]
            case .success(let found)?:
                found.compactMap { directory in
                    directory.error.map {
                        ClientError(.broker($0), "broker \(broker.nodeId) has put \(directory.path) out of use (\($0))")
                    }
                }
            case nil: []
            }
        }
    }

    private func directories(of broker: ClusterMetadata.Broker) -> [DescribedLogDirectory] {
        guard case .success(let found)? = directories[broker.nodeId] else { return [] }
        return found
    }
}

// MARK: - For people

extension ClusterReport {
    func text(_ style: Style) -> String {
        var sections = ["\(style.bold("cluster"))  \(id ?? "without id")\n", brokerTable.text]
        if !features.isEmpty { sections.append(featureTable.text) }
        if !directoryTable.isEmpty { sections.append(directoryTable.text) }
        return sections.joined(separator: "\n")
    }

    private var brokerTable: TextTable {
        var table = TextTable(["broker", "address", "rack", ""])
        for broker in brokers {
            table.append([
                "\(broker.nodeId)", "\(broker.endpoint)", broker.rack ?? "-",
                broker.nodeId == controller ? "controller" : "",
            ])
        }
        return table
    }

    private var featureTable: TextTable {
        var table = TextTable(["feature", "level", "supported"])
        for feature in features {
            let supported = feature.supported.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "no"
            table.append([feature.name, feature.level.map { "\($0)" } ?? "off", supported])
        }
        return table
    }

    private var directoryTable: TextTable {
        var table = TextTable(["broker", "log directory", "partitions", "size", "free", "of", ""])
        for broker in brokers {
            for directory in directories(of: broker) {
                table.append([
                    "\(broker.nodeId)", directory.path, "\(directory.partitionCount)", byteCountText(directory.size),
                    directory.space.map { byteCountText($0.usable) } ?? "-",
                    directory.space.map { byteCountText($0.total) } ?? "-", directory.error == nil ? "" : "out of use",
                ])
            }
        }
        return table
    }
}

// MARK: - For programs

extension ClusterReport {
    var json: [UInt8] {
        var output = Array("{\"clusterId\":".utf8)
        output.appendJSON(optional: id)
        output.append(contentsOf: ",\"controller\":\(controller.map { "\($0)" } ?? "null"),\"brokers\":[".utf8)
        output.appendList(brokers) { append($1, to: &$0) }
        output.append(contentsOf: "],\"features\":[".utf8)
        output.appendList(features) { output, feature in
            output.append(contentsOf: "{\"name\":".utf8)
            output.appendJSON(feature.name.utf8)
            let level = feature.level.map { "\($0)" } ?? "null"
            let supported = feature.supported.map { "[\($0.lowerBound),\($0.upperBound)]" } ?? "null"
            output.append(contentsOf: ",\"level\":\(level),\"supported\":\(supported)}".utf8)
        }
        output.append(contentsOf: "]}\n".utf8)
        return output
    }

    private func append(_ broker: ClusterMetadata.Broker, to output: inout [UInt8]) {
        output.append(contentsOf: "{\"id\":\(broker.nodeId),\"host\":".utf8)
        output.appendJSON(broker.endpoint.host.utf8)
        output.append(contentsOf: ",\"port\":\(broker.endpoint.port),\"rack\":".utf8)
        output.appendJSON(optional: broker.rack)
        output.append(contentsOf: ",\"logDirectories\":[".utf8)
        output.appendList(directories(of: broker)) { output, directory in
            output.append(contentsOf: "{\"path\":".utf8)
            output.appendJSON(directory.path.utf8)
            output.append(contentsOf: ",\"error\":".utf8)
            output.appendJSON(optional: directory.error.map { "\($0)" })
            let numbers = ",\"partitions\":\(directory.partitionCount),\"size\":\(directory.size)"
            output.append(contentsOf: numbers.utf8)
            let total = directory.space.map { "\($0.total)" } ?? "null"
            let usable = directory.space.map { "\($0.usable)" } ?? "null"
            output.append(contentsOf: ",\"totalBytes\":\(total),\"usableBytes\":\(usable)}".utf8)
        }
        output.append(contentsOf: "]}".utf8)
    }
}
