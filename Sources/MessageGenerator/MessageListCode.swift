/// Writes the list of all generated messages that the tests go through.
enum MessageListCode {
    static func file(_ schemas: [Schema]) -> String {
        var source = SourceText()
        MessageCode.banner(of: "all of Schemas", into: &source)
        source.line("import KafkaProtocol")
        source.line("import KafkaProtocolMore")
        source.line()
        source.line("package let allMessages: [any KafkaMessage.Type] = [")
        for schema in schemas where !schema.isCodedByHand {
            for message in schema.messages { source.line("    \(message.name).self,") }
        }
        source.line("]")
        return source.text
    }
}
