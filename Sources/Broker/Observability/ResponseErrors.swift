import KafkaProtocol
import KafkaProtocolMore

/// A response that says which errors it carries, for the counts of errors; success counts too, as in Kafka.
protocol CarriesErrors {
    func forEachError(_ body: (Int16) -> Void)
}

extension ListOffsetsResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) {
        for topic in topics { for partition in topic.partitions { body(partition.errorCode) } }
    }
}

extension MetadataResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) { for topic in topics { body(topic.errorCode) } }
}

extension ApiVersionsResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) { body(errorCode) }
}

extension InitProducerIdResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) { body(errorCode) }
}

extension CreateTopicsResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) { for topic in topics { body(topic.errorCode) } }
}

extension DeleteTopicsResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) { for topic in responses { body(topic.errorCode) } }
}

extension DeleteRecordsResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) {
        for topic in topics { for partition in topic.partitions { body(partition.errorCode) } }
    }
}

extension DescribeClusterResponse: CarriesErrors {
    func forEachError(_ body: (Int16) -> Void) { body(errorCode) }
}
