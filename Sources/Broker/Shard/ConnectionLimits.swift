import Configuration
import Quotas
import Runtime

/// How many connections there may be: in all, from one address, and how fast they may come. The limits of addresses do not
/// count for this machine's own; quotas, which somebody set, count for all.
struct ConnectionLimits {
    enum Refusal: Equatable {
        case total
        case address
        case rate
        /// Over the quota of its address. Closed after that time, so that it does not come again at once.
        case quota(delay: Interval)

        var limit: String {
            switch self {
            case .total: "max.connections"
            case .address: "max.connections.per.ip"
            case .rate: "max.connection.creation.rate"
            case .quota: "connection_creation_rate"
            }
        }
    }

    /// The limits; a change counts for connections to come.
    var network: BrokerConfiguration.Network
    var quotas = QuotaTable()
    /// By address.
    private var rates: QuotaUsage<String>
    private let maximum: Int
    private var total = 0
    private var byAddress: [String: Int] = [:]
    /// Connections that may still come now; grows with time up to one second's worth.
    private var tokens: Double
    private var lastRefill: MonotonicTime?

    /// - Parameter maximum: connections in all, whatever `max.connections` says.
    init(_ network: BrokerConfiguration.Network, maximum: Int, window: QuotaWindow) {
        self.network = network
        rates = QuotaUsage(window: window)
        self.maximum = maximum
        tokens = Double(network.maximumConnectionRate)
    }

    /// Counts a connection, or says which limit it is over; one that is refused is not counted.
    mutating func opened(_ peer: SocketAddress, now: MonotonicTime) -> Refusal? {
        guard total < min(maximum, network.maximumConnections) else { return .total }
        if !peer.isLoopback {
            let address = peer.hostText
            let limit = network.connectionOverrides[address] ?? network.maximumConnectionsPerAddress
            guard byAddress[address, default: 0] < limit else { return .address }
            if let refusal = overQuota(peer, now) { return refusal }
            guard takeToken(now) else { return .rate }
            byAddress[address, default: 0] += 1
        } else if let refusal = overQuota(peer, now) {
            return refusal
        }
        total += 1
        return nil
    }

    mutating func closed(_ peer: SocketAddress) {
        total -= 1
        guard !peer.isLoopback, let count = byAddress[peer.hostText] else { return }
        byAddress[peer.hostText] = count > 1 ? count - 1 : nil
    }

    private mutating func overQuota(_ peer: SocketAddress, _ now: MonotonicTime) -> Refusal? {
        guard quotas.limitsConnections, let limit = quotas.connectionRate(of: peer.hostText) else { return nil }
        let ms = now.nanoseconds / 1_000_000
        let pause = rates.record(1, of: peer.hostText, limit: limit, now: ms)
        guard pause > 0 else { return nil }
        _ = rates.record(-1, of: peer.hostText, limit: limit, now: ms)
        return .quota(delay: .milliseconds(min(pause, rates.window.sampleMs)))
    }

    private mutating func takeToken(_ now: MonotonicTime) -> Bool {
        let rate = Double(network.maximumConnectionRate)
        if let lastRefill {
            tokens = min(rate, tokens + rate * Double((now - lastRefill).nanoseconds) / 1e9)
        }
        lastRefill = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
