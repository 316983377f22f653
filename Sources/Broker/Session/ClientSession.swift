import Bytes
import Collections
import KafkaProtocol
import Logging
import Replication
import Runtime

/// One client connection: takes requests, answers them in their order.
///
/// States: *idle*; *producing*, when produce requests wait for their batches to be committed and further ones are taken;
/// *busy*, when one other request is being answered. Kafka takes one request at a time per connection; letting produces
/// overtake the wait for the disk, and nothing else, keeps every effect in the order that a client can observe.
final class ClientSession: ConnectionHandler {
    /// Not counted: it is read at every step of a request, and the shard, which owns its sessions, outlives them.
    unowned(unsafe) let shard: BrokerShard
    let connection: Connection
    let listener: ListenerInfo
    /// Not used again while the process lives.
    let number: UInt64
    /// The peer's address as Kafka writes that of a group's member.
    private(set) lazy var peerHost = "/\(connection.peer.hostText)"
    var recentTopics = RecentTopics()
    private(set) var isClosed = false

    private var produces: Deque<PendingProduce> = []
    private var nextRequest: UInt64 = 0
    private var isBusy = false
    private var timeoutToken: DeadlineToken?
    /// Set while a held frame waits for the session to become idle.
    private var holdsFrame = false
    /// When the frame that is held came first.
    private var heldSince: MonotonicTime?
    /// Of the request that was served last; no other is served while one of them is busy.
    private(set) var requestTimes = RequestTimes(arrived: .distantFuture, served: .distantFuture)
    /// Of the request that was served last, where its client has quotas.
    var meter: RequestMeter?
    /// The quotas of the client id that was seen last.
    var clientLimits: ClientLimits?
    /// No request follows: the connection closes when it owes no answer.
    private var hasInputEnded = false
    /// Ends what the busy request waits for, when the connection closes.
    var cancelBusy: (() -> Void)?

    /// Produce requests that may wait at a time; the rest of the stream is not read until one is answered.
    static let maximumPendingProduces = 1_024

    init(shard: BrokerShard, connection: Connection, listener: ListenerInfo, number: UInt64) {
        self.shard = shard
        self.connection = connection
        self.listener = listener
        self.number = number
    }

    // MARK: Requests

    func received(_ frame: UnsafeMutableRawBufferPointer) -> FrameDisposition {
        var cursor = ByteCursor(UnsafeRawBufferPointer(frame))
        let head = try? RequestHead(from: &cursor)
        let api = head.flatMap { shard.dispatch[$0.apiKey] }
        // Also what cannot be served waits for its turn: those before it are answered first.
        guard mayStart(api) else {
            holdsFrame = true
            if heldSince == nil { heldSince = shard.loop.now }
            return .hold
        }
        requestTimes = RequestTimes(arrived: heldSince ?? shard.loop.now, served: shard.loop.now)
        heldSince = nil
        if let head, let api {
            serve(api, head, &cursor, frame)
        } else {
            close(head.map { "api \($0.apiKey) is not served" } ?? "malformed header")
        }
        return .consumed
    }

    private func mayStart(_ api: ServedApi?) -> Bool {
        if isBusy { return false }
        if produces.isEmpty { return true }
        return api?.key == .produce && produces.count < ClientSession.maximumPendingProduces
    }

    private func serve(
        _ api: ServedApi, _ head: RequestHead, _ cursor: inout ByteCursor, _ frame: UnsafeMutableRawBufferPointer
    ) {
        meter = shard.quotas.isEnabled ? meter(head, bytes: frame.count) : nil
        defer { meter?.rest() }
        guard api.versions.contains(head.version) else {
            if let refuse = api.refuse {
                refuse(head, self)
            } else {
                close("\(api.key) version \(head.version) is not served")
            }
            return
        }
        let request: Request
        do {
            if api.key.requestHeaderVersion(head.version) >= 2 { try cursor.skipTaggedFields() }
            let body = UnsafeMutableRawBufferPointer(rebasing: frame[(frame.count - cursor.remaining)...])
            request = Request(head: head, key: api.key, body: body, number: nextRequest)
            nextRequest += 1
            shard.requests.began(api.key, version: head.version, requestTimes)
            try api.handle(request, self)
        } catch {
            close("\(api.key) version \(head.version): \(error)")
        }
    }

    // MARK: Answers

    /// Writes the answer to the oldest request that has none.
    ///
    /// - Parameter mutations: the pause that its changes of partitions ask for.
    func answer(_ reply: Reply, _ response: some KafkaResponse, mutations: Throttle = Throttle()) {
        countErrors(of: response, to: reply)
        if meter != nil || mutations.ms > 0 {
            let throttleMs = throttleRequest(reply.key, mutations: mutations)
            if throttleMs > 0, var throttled = response as? any ThrottledResponse {
                throttled.throttleTimeMs = throttleMs
                return write(reply, throttled)
            }
        }
        write(reply, response)
    }

    private func write(_ reply: Reply, _ response: some KafkaResponse) {
        write(reply) { (writer) throws(EncodeError) in
            try response.encode(into: &writer, version: reply.version)
        }
    }

    /// Writes an answer whose body `encode` appends.
    ///
    /// - Parameter errors: the codes that the body has, those of success among them.
    func answer(
        _ reply: Reply, errors: [ErrorCode], _ encode: (inout ByteWriter) throws(EncodeError) -> Void
    ) {
        for error in errors { shard.requests.count(error, in: reply.key) }
        write(reply, encode)
    }

    private func write(_ reply: Reply, _ encode: (inout ByteWriter) throws(EncodeError) -> Void) {
        guard !isClosed else { return }
        do throws(EncodeError) {
            try connection.withOutput { (writer) throws(EncodeError) in
                let start = writer.count
                writer.write(Int32(0))
                writer.write(reply.correlationID)
                if reply.key.responseHeaderVersion(reply.version) >= 1 { writer.writeUnsignedVarint(0) }
                try encode(&writer)
                writer.overwrite(Int32(truncatingIfNeeded: writer.count - start - 4), at: start)
            }
        } catch {
            close("the answer to \(reply.key) version \(reply.version): \(error)")
        }
        if reply.key != .produce { shard.requests.answered(reply.key, requestTimes) }
    }

    /// From here to `finishBusy` no further request of this connection is taken.
    func beginBusy() { isBusy = true }

    func finishBusy() {
        isBusy = false
        cancelBusy = nil
        resumeIfIdle()
    }

    // MARK: Produce

    var pendingProduceCount: Int { produces.count }

    /// Keeps a produce until all its partitions are known, or answers it at once when they are.
    func enqueue(_ pending: PendingProduce) {
        if pending.unfinished == 0, produces.isEmpty {
            write(pending)
            return
        }
        produces.append(pending)
        armTimeout()
    }

    /// A batch that a produce of this session waits for was committed, or failed.
    func acknowledge(_ acknowledgement: Acknowledgement) {
        let isFinished = change(acknowledgement.token) { partition in
            switch acknowledgement.outcome {
            case .committed: partition.isWaiting = false
            case .failed(let failure): partition.fail(failure.errorCode)
            }
        }
        if isFinished { answerFinished() }
    }

    /// Another shard refused a batch of a produce that has no answer in which to say so.
    func refusedUnanswered(_ error: ErrorCode) { close("produce with acks=0 failed: \(error)") }

    /// What another shard made of a batch. Where it was staged the acknowledgement is still to come; it cannot come before,
    /// since both travel the same way.
    func appended(_ token: AcknowledgementToken, _ partition: ProducedPartition) {
        if change(token, { $0 = partition }) { answerFinished() }
    }

    /// Changes a partition of a produce that is still waited for. Whether that was the last one of its request.
    private func change(_ token: AcknowledgementToken, _ body: (inout ProducedPartition) -> Void) -> Bool {
        guard let place = place(of: token.request) else { return false }
        return produces[place].change(Int(token.slot), body)
    }

    private func place(of request: UInt64) -> Int? {
        guard !produces.isEmpty, request >= produces[0].number else { return nil }
        // Numbers rise without repeating, so the place is at most their distance; requests without an answer leave gaps.
        var place = Int(min(request - produces[0].number, UInt64(produces.count - 1)))
        while produces[place].number > request { place -= 1 }
        return produces[place].number == request ? place : nil
    }

    private func answerFinished() {
        while !produces.isEmpty, produces[0].unfinished == 0, let first = produces.popFirst() { write(first) }
        resumeIfIdle()
    }

    private func write(_ pending: PendingProduce) {
        count(pending)
        write(Reply(key: .produce, version: pending.version, correlationID: pending.correlationID)) {
            (output) throws(EncodeError) in try pending.encode(into: &output)
        }
    }

    private func armTimeout() {
        guard timeoutToken == nil, let first = produces.first else { return }
        timeoutToken = shard.loop.schedule(at: first.deadline) { [weak self] in self?.timedOut() }
    }

    private func timedOut() {
        timeoutToken = nil
        let now = shard.loop.now
        for place in produces.indices where produces[place].deadline <= now && produces[place].unfinished > 0 {
            produces[place].timeOut()
        }
        answerFinished()
        armTimeout()
    }

    private func resumeIfIdle() {
        if hasInputEnded, !isBusy, produces.isEmpty { return connection.close(afterFlush: true) }
        guard holdsFrame, !isBusy, produces.count < ClientSession.maximumPendingProduces else { return }
        holdsFrame = false
        connection.resume()
    }

    // MARK: The end

    func inputEnded(_ connection: Connection) {
        hasInputEnded = true
        resumeIfIdle()
    }

    /// Closes the connection once the answers written so far have left.
    func close(_ reason: String) {
        guard !isClosed else { return }
        shard.log.debug("closing connection", metadata: ["peer": "\(connection.peer)", "reason": "\(reason)"])
        isClosed = true
        connection.close(afterFlush: true)
    }

    /// Closes the connection at once: what was written so far may be half an answer.
    func abort(_ reason: String) {
        guard !isClosed else { return }
        shard.log.warning("breaking connection", metadata: ["peer": "\(connection.peer)", "reason": "\(reason)"])
        isClosed = true
        connection.close(afterFlush: false)
    }

    func closed(_ reason: CloseReason) {
        isClosed = true
        if let timeoutToken { shard.loop.cancel(timeoutToken) }
        cancelBusy?()
        cancelBusy = nil
        produces.removeAll()
        shard.sessionClosed(self)
    }
}
