import Bytes
import KafkaProtocol
import Quotas
import Runtime

/// What a client over its quota meets (KIP-219): its answer comes at once and says for how long it is not listened to; then
/// its connection is not read for so long, whether the client knows the field or not.
extension ClientSession {
    /// Begins to measure a request; nil where no quota applies to its client.
    func meter(_ head: RequestHead, bytes: Int) -> RequestMeter? {
        let clientID = Name(head.clientID)
        if clientLimits?.version != shard.quotas.version || clientLimits?.clientID != clientID {
            clientLimits = shard.quotas.limits(of: clientID)
        }
        guard let limits = clientLimits, !limits.areNone else { return nil }
        return RequestMeter(limits, requestBytes: bytes)
    }

    /// Counts a produce when its batches were taken, and not when they are durable: from there on nothing more is read of a
    /// client that has to pause.
    func throttleProduce(isAnswered: Bool) -> Int32 {
        var throttle = Throttle()
        if isAnswered { considerTime(&throttle) }
        if let meter, let quota = meter.limits.produce {
            throttle.consider(quota.key, ms: shard.quotas.record(Double(meter.requestBytes), of: quota))
        }
        return pause(throttle, after: .produce)
    }

    /// Counts the bytes that a fetch is about to be answered with. If it says to pause they must not be sent, and count as
    /// not used.
    func throttleFetch(bytes: Int) -> Int32 {
        var throttle = Throttle()
        considerTime(&throttle)
        if let quota = meter?.limits.fetch {
            throttle.consider(quota.key, ms: shard.quotas.record(Double(bytes), of: quota))
            if throttle.ms > 0 { _ = shard.quotas.record(-Double(bytes), of: quota) }
        }
        return pause(throttle, after: .fetch)
    }

    /// Counts the time of any other request.
    ///
    /// - Parameter mutations: what its changes of partitions ask for.
    func throttleRequest(_ key: ApiKey, mutations: Throttle = Throttle()) -> Int32 {
        var throttle = mutations
        considerTime(&throttle)
        return pause(throttle, after: key)
    }

    private func considerTime(_ throttle: inout Throttle) {
        meter?.rest()
        guard let meter, let quota = meter.limits.request else { return }
        throttle.consider(
            quota.key, ms: shard.quotas.record(percentSeconds: meter.percentSeconds, of: quota))
    }

    private func pause(_ throttle: Throttle, after key: ApiKey) -> Int32 {
        guard let limit = throttle.key, throttle.ms > 0 else { return 0 }
        // More cannot be said.
        let ms = Int32(clamping: throttle.ms)
        let pause = Interval.milliseconds(Int64(ms))
        shard.quotas.throttled(limit, ms: Int64(ms))
        shard.requests.throttled(key, pause)
        connection.pauseReading(until: shard.loop.now + pause)
        return ms
    }
}
