import KafkaProtocol

/// The APIs served, each in its own file beside this one.
enum ServedApis {
    static func all() -> [ServedApi] {
        [
            ServedApi(.produce, ProduceHandler.handle),
            ServedApi(.fetch, FetchHandler.handle),
            ServedApi(.listOffsets, ListOffsetsHandler.handle),
            ServedApi(.metadata, MetadataHandler.handle),
            ServedApi(.findCoordinator, FindCoordinatorHandler.handle),
            ServedApi(.apiVersions, ApiVersionsHandler.handle, refuse: ApiVersionsHandler.refuse),
            ServedApi(.createTopics, CreateTopicsHandler.handle),
            ServedApi(.deleteTopics, DeleteTopicsHandler.handle),
            ServedApi(.deleteRecords, DeleteRecordsHandler.handle),
            ServedApi(.initProducerId, InitProducerIdHandler.handle),
            ServedApi(.describeCluster, DescribeClusterHandler.handle),
            ServedApi(.describeProducers, DescribeProducersHandler.handle),
            ServedApi(.describeTopicPartitions, DescribeTopicPartitionsHandler.handle),
        ]
    }
}
