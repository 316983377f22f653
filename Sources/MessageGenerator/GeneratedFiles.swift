/// What the generator writes for a set of schemas.
enum GeneratedFiles {
    /// Paths in the package and their content.
    ///
    /// - Parameter sources: name without extension and text of each schema.
    static func make(from sources: [(name: String, text: String)]) throws(SchemaError) -> [String: String] {
        var schemas: [Schema] = []
        for source in sources { schemas.append(try SchemaParser.parse(source.text, name: source.name)) }
        var files: [String: String] = [
            "Sources/KafkaProtocol/Generated/ApiKey.swift": ApiTableCode.file(schemas),
            "Tests/MessageCodecs/Generated/AllMessages.swift": MessageListCode.file(schemas),
        ]
        for schema in schemas where !schema.isCodedByHand {
            files["Sources/\(schema.module)/Generated/\(schema.name).swift"] = MessageCode.file(schema)
        }
        return files
    }
}
