import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// A broker as the clients of one listener reach it.
struct AdvertisedBroker {
    let id: Int32
    let host: String
    let port: UInt16
    let rack: String?
}

extension ClusterImage {
    /// The brokers that serve and have a listener of this name, by id.
    func brokers(on listener: String) -> [AdvertisedBroker] {
        brokers.values.compactMap { broker in
            guard !broker.isFenced, let endpoint = broker.endpoint(listener) else { return nil }
            return AdvertisedBroker(
                id: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.registration.rack)
        }.sorted { $0.id < $1.id }
    }
}

extension MetadataResponse.MetadataResponseBroker {
    init(_ broker: AdvertisedBroker) {
        self.init()
        nodeId = broker.id
        host = broker.host
        port = Int32(broker.port)
        rack = broker.rack
    }
}

extension DescribeClusterResponse.DescribeClusterBroker {
    init(_ broker: AdvertisedBroker) {
        self.init()
        brokerId = broker.id
        host = broker.host
        port = Int32(broker.port)
        rack = broker.rack
    }
}
