import KafkaProtocol

/// The APIs served, each in its own file beside this one.
enum ServedApis {
    static func all() -> [ServedApi] {
        [
            ServedApi(.produce, ProduceHandler.handle),
            ServedApi(.fetch, FetchHandler.handle),
            ServedApi(.listOffsets, ListOffsetsHandler.handle),
            ServedApi(.metadata, MetadataHandler.handle),
            ServedApi(.offsetCommit, OffsetCommitHandler.handle),
            ServedApi(.offsetFetch, OffsetFetchHandler.handle),
            ServedApi(.findCoordinator, FindCoordinatorHandler.handle),
            ServedApi(.joinGroup, JoinGroupHandler.handle),
            ServedApi(.heartbeat, HeartbeatHandler.handle),
            ServedApi(.leaveGroup, LeaveGroupHandler.handle),
            ServedApi(.syncGroup, SyncGroupHandler.handle),
            ServedApi(.describeGroups, DescribeGroupsHandler.handle),
            ServedApi(.listGroups, ListGroupsHandler.handle),
            ServedApi(.apiVersions, ApiVersionsHandler.handle, refuse: ApiVersionsHandler.refuse),
            ServedApi(.createTopics, CreateTopicsHandler.handle),
            ServedApi(.deleteTopics, DeleteTopicsHandler.handle),
            ServedApi(.deleteRecords, DeleteRecordsHandler.handle),
            ServedApi(.initProducerId, InitProducerIdHandler.handle),
            ServedApi(.offsetForLeaderEpoch, OffsetForLeaderEpochHandler.handle),
            ServedApi(.describeConfigs, DescribeConfigsHandler.handle),
            ServedApi(.alterConfigs, AlterConfigsHandler.handle),
            ServedApi(.alterReplicaLogDirs, AlterReplicaLogDirsHandler.handle),
            ServedApi(.describeLogDirs, DescribeLogDirsHandler.handle),
            ServedApi(.createPartitions, CreatePartitionsHandler.handle),
            ServedApi(.deleteGroups, DeleteGroupsHandler.handle),
            ServedApi(.electLeaders, ElectLeadersHandler.handle),
            ServedApi(.incrementalAlterConfigs, IncrementalAlterConfigsHandler.handle),
            ServedApi(.alterPartitionReassignments, AlterPartitionReassignmentsHandler.handle),
            ServedApi(.listPartitionReassignments, ListPartitionReassignmentsHandler.handle),
            ServedApi(.offsetDelete, OffsetDeleteHandler.handle),
            ServedApi(.describeClientQuotas, DescribeClientQuotasHandler.handle),
            ServedApi(.alterClientQuotas, AlterClientQuotasHandler.handle),
            ServedApi(.describeUserScramCredentials, DescribeUserScramCredentialsHandler.handle),
            ServedApi(.describeQuorum, DescribeQuorumHandler.handle),
            ServedApi(.updateFeatures, UpdateFeaturesHandler.handle),
            ServedApi(.describeCluster, DescribeClusterHandler.handle),
            ServedApi(.describeProducers, DescribeProducersHandler.handle),
            ServedApi(.unregisterBroker, UnregisterBrokerHandler.handle),
            ServedApi(.listConfigResources, ListConfigResourcesHandler.handle),
            ServedApi(.describeTopicPartitions, DescribeTopicPartitionsHandler.handle),
        ]
    }
}
