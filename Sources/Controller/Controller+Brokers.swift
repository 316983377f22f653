import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// What a broker says of itself when it starts.
public struct BrokerRegistration: Sendable {
    public var brokerId: Int32
    /// New in each run of the process.
    public var incarnationId: UUID
    public var endpoints: [BrokerEndpoint]
    public var rack: String?
    public var features: [SupportedFeature]
    public var logDirectories: [UUID]

    public init(
        brokerId: Int32, incarnationId: UUID, endpoints: [BrokerEndpoint], rack: String? = nil,
        features: [SupportedFeature] = FinalizedFeatures.supported, logDirectories: [UUID]
    ) {
        self.brokerId = brokerId
        self.incarnationId = incarnationId
        self.endpoints = endpoints
        self.rack = rack
        self.features = features
        self.logDirectories = logDirectories
    }
}

extension Controller {
    /// Producer ids that a broker gets at a time.
    public static let producerIdBlockSize: Int64 = 1000

    /// Takes in a starting broker. The epochs of the partitions that it leads rise, so that what its last run may have
    /// left half done is told from what this one does.
    ///
    /// - Returns: the broker's epoch.
    public func registerBroker(_ registration: BrokerRegistration) -> ControllerResult<Int64> {
        let epoch = image.position.offset + 1
        var records: [MetadataRecord] = [
            .brokerRegistration(
                BrokerRegistrationRecord(
                    brokerId: registration.brokerId, brokerEpoch: epoch, incarnationId: registration.incarnationId,
                    endpoints: registration.endpoints, rack: registration.rack, features: registration.features,
                    logDirectories: registration.logDirectories, isFenced: false))
        ]
        let leads = image.topics.all.contains { topic in
            topic.partitions.contains { $0.leader == registration.brokerId }
        }
        if leads { records.append(.leaderEpochRise(LeaderEpochRiseRecord(brokerId: registration.brokerId))) }
        return ControllerResult(records: records, reply: epoch)
    }

    /// Takes a broker out of the cluster that will not come back. One that is in use is refused: stop it first.
    public func unregisterBroker(
        _ request: UnregisterBrokerRequest
    ) -> ControllerResult<UnregisterBrokerResponse> {
        var reply = UnregisterBrokerResponse()
        reply.errorMessage = nil
        guard let broker = image.brokers[request.brokerId] else {
            reply.errorCode = ErrorCode.brokerIdNotRegistered.rawValue
            reply.errorMessage = "Broker ID \(request.brokerId) is not currently registered"
            return ControllerResult(reply: reply)
        }
        guard broker.id != configuration.nodeId else {
            reply.errorCode = ErrorCode.invalidRequest.rawValue
            reply.errorMessage = "Broker \(broker.id) is running: it cannot be unregistered before it was stopped"
            return ControllerResult(reply: reply)
        }
        let record = BrokerUnregistrationRecord(brokerId: broker.id, brokerEpoch: broker.epoch)
        return ControllerResult(records: [.brokerUnregistration(record)], reply: reply)
    }

    /// Hands out the next block of producer ids.
    public func allocateProducerIds(
        brokerId: Int32, brokerEpoch: Int64
    ) -> ControllerResult<Result<Range<Int64>, ControllerError>> {
        guard let broker = image.brokers[brokerId] else {
            return ControllerResult(
                reply: .failure(ControllerError(.brokerIdNotRegistered, "Broker \(brokerId) is not registered.")))
        }
        guard broker.epoch == brokerEpoch else {
            let message = "Broker \(brokerId) has the epoch \(broker.epoch), not \(brokerEpoch)."
            return ControllerResult(reply: .failure(ControllerError(.staleBrokerEpoch, message)))
        }
        let (end, isExhausted) = image.nextProducerId.addingReportingOverflow(Controller.producerIdBlockSize)
        guard !isExhausted else {
            return ControllerResult(
                reply: .failure(ControllerError(.unknownServerError, "There are no producer ids left.")))
        }
        let record = ProducerIdsRecord(brokerId: brokerId, brokerEpoch: brokerEpoch, nextId: end)
        return ControllerResult(records: [.producerIds(record)], reply: .success(image.nextProducerId..<end))
    }
}
