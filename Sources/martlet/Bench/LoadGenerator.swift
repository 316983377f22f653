import Bytes
import KafkaClientCore
import Runtime

/// Sends records: at a pace, or as fast as they are taken.
final class LoadGenerator {
    struct Plan {
        var topic: String
        /// Records a second; nil is as fast as they are taken.
        var rate: Double?
        /// Records to send after the warm-up; nil is until `duration` is over.
        var records: Int?
        var duration: Interval
        var warmUp: Interval
    }

    /// What became of a record.
    struct Delivery {
        /// When it was to be sent.
        let intended: MonotonicTime
        let isMeasured: Bool
        let result: Result<RecordMetadata, ClientError>
    }

    /// Bytes that are given to the producer before it gets to send some.
    private static let burstBytes = 256 << 10
    /// The loop's timer is to the millisecond. What is due sooner is waited for without sleeping.
    private static let patience = Interval.microseconds(2_200)

    let start: MonotonicTime
    /// When the warm-up is over.
    let measuredFrom: MonotonicTime
    private(set) var sentCount = 0
    /// Records that were sent after the warm-up.
    private(set) var measuredCount = 0
    private let session: ClientSession
    private let producer: Producer
    private let plan: Plan
    private let size: Int
    private let value: (_ index: Int) -> [UInt8]
    private let delivered: (Delivery) -> Void
    private let ended: () -> Void
    private let endsAt: MonotonicTime
    private var hasEnded = false
    private var isStepScheduled = false

    /// - Parameters:
    ///   - size: bytes of a value, about.
    ///   - value: makes the value of a record.
    ///   - ended: called once every record was reported.
    init(
        _ session: ClientSession, _ producer: Producer, _ plan: Plan, size: Int, value: @escaping (Int) -> [UInt8],
        delivered: @escaping (Delivery) -> Void, ended: @escaping () -> Void
    ) {
        self.session = session
        self.producer = producer
        self.plan = plan
        self.size = size
        self.value = value
        self.delivered = delivered
        self.ended = ended
        start = .current()
        measuredFrom = start + plan.warmUp
        endsAt = plan.records == nil ? measuredFrom + plan.duration : .distantFuture
    }

    func run() {
        producer.onRoom = { [weak self] in self?.scheduleStep() }
        scheduleStep()
    }

    /// Sends no more.
    func stop() {
        guard !hasEnded else { return }
        hasEnded = true
        producer.flush { [weak self] in self?.ended() }
    }

    private func scheduleStep() {
        guard !isStepScheduled, !hasEnded else { return }
        isStepScheduled = true
        session.shard.perform { [weak self] in
            self?.isStepScheduled = false
            self?.step()
        }
    }

    private func step() {
        guard !hasEnded else { return }
        if let rate = plan.rate { sendDue(Pace(start: start, rate: rate)) } else { sendBurst() }
    }

    private func sendBurst() {
        let now = MonotonicTime.current()
        let isMeasured = now >= measuredFrom
        // Records of a burst are sent at one time, so one closure serves them all.
        let delivery: DeliveryHandler = { [delivered] in
            delivered(Delivery(intended: now, isMeasured: isMeasured, result: $0))
        }
        var bytes = 0
        while bytes < LoadGenerator.burstBytes, !producer.isFull {
            if isOver(at: now) { return stop() }
            send(delivery, isMeasured)
            bytes += size + 64
        }
        if !producer.isFull { scheduleStep() }
    }

    private func sendDue(_ pace: Pace) {
        let now = MonotonicTime.current()
        var bytes = 0
        while bytes < LoadGenerator.burstBytes, !producer.isFull {
            let intended = pace.time(of: sentCount)
            if isOver(at: intended) { return stop() }
            guard intended <= now else { return wait(until: intended, now) }
            let isMeasured = intended >= measuredFrom
            send(
                { [delivered] in delivered(Delivery(intended: intended, isMeasured: isMeasured, result: $0)) },
                isMeasured)
            bytes += size + 64
        }
        if !producer.isFull { scheduleStep() }
    }

    private func wait(until moment: MonotonicTime, _ now: MonotonicTime) {
        let left = moment - now
        guard left > LoadGenerator.patience else { return scheduleStep() }
        isStepScheduled = true
        session.shard.schedule(at: now + .nanoseconds(left.nanoseconds - 2_000_000)) { [weak self] in
            self?.isStepScheduled = false
            self?.step()
        }
    }

    private func isOver(at moment: MonotonicTime) -> Bool {
        if let records = plan.records { measuredCount >= records } else { moment >= endsAt }
    }

    private func send(_ delivery: @escaping DeliveryHandler, _ isMeasured: Bool) {
        producer.send(ProducerRecord(topic: plan.topic, value: value(sentCount)), delivery: delivery)
        sentCount += 1
        if isMeasured { measuredCount += 1 }
    }
}
