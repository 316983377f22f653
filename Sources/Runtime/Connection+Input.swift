import Glibc

/// Reasons not to take input from a connection now.
struct InputStops: OptionSet {
    let rawValue: UInt8

    /// The handler holds a frame back.
    static let held = InputStops(rawValue: 1)
    /// Throttled by `pauseReading`.
    static let paused = InputStops(rawValue: 2)
    /// Too much output waits.
    static let output = InputStops(rawValue: 4)
    /// The memory budget is used up.
    static let starved = InputStops(rawValue: 8)
    /// No input will be taken any more.
    static let ended = InputStops(rawValue: 16)
}

/// What a connection has received and not yet delivered. At most one of `frame` and `backlog` is there.
struct InputState {
    /// A frame that is not whole: its length and what came of it. Its capacity grows with what arrives.
    var frame: InputBuffer?
    /// The size of that frame with its length.
    var frameSize = 0
    var frameFilled = 0
    /// The first one to three bytes of a frame, of which the length is not known yet.
    var prefix: (UInt8, UInt8, UInt8) = (0, 0, 0)
    var prefixCount = 0
    /// Bytes that were received when input was stopped; they begin with a frame.
    var backlog: InputBuffer?
    var backlogOffset = 0
    var backlogEnd = 0
    /// The peer has finished sending.
    var hasEnded = false
    var isDelivering = false
    var wasResumedInDelivery = false
    var framesReceived = 0

    var isInsideFrame: Bool { frame != nil || prefixCount > 0 }
    var memoryBytes: Int { (frame?.capacity ?? 0) + (backlog?.capacity ?? 0) }
}

extension Connection {
    /// The most bytes that one read takes into scratch memory.
    static let readLimit = 512 << 10
    /// The least that a buffer for an incomplete frame grows by.
    private static let growthStep = 16 << 10

    // MARK: - Holding back

    /// Delivers a held frame again, in the next tick, and goes on reading. Without a held frame it does nothing.
    public func resume() {
        if input.isDelivering { input.wasResumedInDelivery = true }
        start(.held)
    }

    /// Takes no input until then (throttling). A later moment replaces an earlier one, not the other way round.
    public func pauseReading(until moment: MonotonicTime) {
        guard isOpen, moment > (pauseEnds ?? shard.now) else { return }
        pauseEnds = moment
        stop(.paused)
        if let pauseTimer { shard.cancel(pauseTimer) }
        pauseTimer = shard.schedule(at: moment) { [unowned self] in
            pauseTimer = nil
            pauseEnds = nil
            start(.paused)
        }
    }

    func stop(_ reason: InputStops) {
        guard !stops.contains(reason) else { return }
        stops.insert(reason)
        // Who does not read does not get its frame whole either.
        shard.leaveOverdraft(self)
        markDirty()
    }

    func start(_ reason: InputStops) {
        guard stops.contains(reason) else { return }
        stops.remove(reason)
        guard stops.isEmpty, state == .open else { return }
        // Time during which nothing was read does not count against the peer.
        if input.isInsideFrame { openFrameWindow() }
        if input.backlog != nil || transport.hasBufferedInput { continueInTheNextTick() }
        markDirty()
    }

    func continueInTheNextTick() {
        guard !isResumed else { return }
        isResumed = true
        shard.resumed.append(self)
    }

    /// Goes on with what was received before input was stopped.
    func continueInput() {
        isResumed = false
        guard state == .open, stops.isEmpty else { return }
        if input.backlog != nil { deliverBacklog() }
        if state == .open, stops.isEmpty, transport.hasBufferedInput { readable() }
    }

    // MARK: - Reading

    /// The socket has something to read, or its end.
    func readable() {
        if readWantsOutput {
            readWantsOutput = false
            markDirty()
        }
        // The backlog comes first: this tick still delivers it, and the poll tells of the socket again.
        guard state == .open, stops.isEmpty, input.backlog == nil, let allowance = readAllowance() else { return }
        if input.frame != nil { readIntoFrame(andScratch: allowance) } else { readIntoScratch(allowance) }
    }

    private func readIntoScratch(_ allowance: Int) {
        guard !shard.scratch.isUsedUp else {
            if transport.hasBufferedInput { continueInTheNextTick() }
            return
        }
        let room = shard.scratch.free
        guard let base = room.baseAddress else { return }
        let prefixCount = input.prefixCount
        withUnsafeBytes(of: input.prefix) { base.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: 3) }
        shard.pieces[0] = iovec(
            iov_base: base + prefixCount, iov_len: min(room.count - prefixCount, allowance))
        guard let count = moved(transport.read(descriptor, shard.pieces, 1)) else { return }
        input.prefixCount = 0
        shard.scratch.take(prefixCount + count)
        deliverScratch(base, prefixCount + count)
    }

    /// Reads into the rest of the frame's own buffer and, if that will hold the whole frame, what follows into scratch.
    private func readIntoFrame(andScratch allowance: Int) {
        if let full = input.frame, input.frameFilled == full.capacity { growFrame(full) }
        guard let buffer = input.frame else { return }
        let frameRoom = min(buffer.capacity, input.frameSize) - input.frameFilled
        shard.pieces[0] = iovec(iov_base: buffer.base + input.frameFilled, iov_len: frameRoom)
        var pieceCount: Int32 = 1
        let free = shard.scratch.free
        if buffer.capacity >= input.frameSize, allowance > 0, !shard.scratch.isUsedUp {
            shard.pieces[1] = iovec(iov_base: free.baseAddress, iov_len: min(free.count, allowance))
            pieceCount = 2
        }
        guard let count = moved(transport.read(descriptor, shard.pieces, pieceCount)) else { return }
        input.frameFilled += min(count, frameRoom)
        let rest = count - min(count, frameRoom)
        if rest > 0 { shard.scratch.take(rest) }
        if input.frameFilled == input.frameSize {
            completeFrame(buffer, followedBy: free.baseAddress, rest)
        }
    }

    /// The bytes that a read brought; nil if it brought none, which has been dealt with then.
    private func moved(_ result: TransportResult) -> Int? {
        shard.statistics.reads += 1
        switch result {
        case .bytes(let count):
            shard.statistics.bytesReceived += count
            lastActivity = shard.now
            if transport.hasBufferedInput { continueInTheNextTick() }
            return count
        case .wantsInput: break
        case .wantsOutput:
            readWantsOutput = true
            markDirty()
        case .ended: endInput(byPeer: true)
        case .failed(let code): shut(.failed(code))
        }
        return nil
    }

    /// Takes no more input, drops what is not a whole frame, and tells the handler.
    func endInput(byPeer: Bool) {
        guard state == .open else { return }
        input.hasEnded = byPeer
        closeReason = byPeer ? (input.isInsideFrame ? .closedByPeerInFrame : .closedByPeer) : .drained
        state = .inputEnded
        dropInput()
        handler?.inputEnded(self)
    }

    /// Gives up everything received and not delivered, and takes no more.
    func dropInput() {
        stop(.ended)
        discardInput()
        markDirty()
    }

    func discardInput() {
        if let buffer = input.frame { shard.retire(buffer) }
        if let buffer = input.backlog { shard.retire(buffer) }
        input.frame = nil
        input.backlog = nil
        input.prefixCount = 0
    }

    // MARK: - Delivering

    /// Delivers the whole frames at the start of the bytes; how many bytes they were. Stops at the first frame that is
    /// held, when input is stopped, and at a bad length, which closes the connection.
    private func deliver(_ base: UnsafeMutableRawPointer, _ count: Int) -> Int {
        var offset = 0
        while count - offset >= 4 {
            let announced = Int32(bigEndian: (base + offset).loadUnaligned(as: Int32.self))
            let length = Int(announced)
            guard length >= 0, length <= maximumFrameSize else {
                shut(.invalidFrameLength(announced))
                break
            }
            guard count - offset - 4 >= length, stops.isEmpty, state == .open, let handler else { break }
            input.framesReceived += 1
            input.isDelivering = true
            input.wasResumedInDelivery = false
            let frame = UnsafeMutableRawBufferPointer(start: base + offset + 4, count: length)
            let disposition = handler.received(frame)
            input.isDelivering = false
            if disposition == .hold {
                hold()
                break
            }
            shard.statistics.framesReceived += 1
            offset += 4 + length
        }
        return offset
    }

    private func hold() {
        stop(.held)
        // Resumed before it said that it holds: the next tick delivers the frame again.
        if input.wasResumedInDelivery { shard.perform { self.start(.held) } }
    }

    private func deliverScratch(_ base: UnsafeMutableRawPointer, _ count: Int) {
        let delivered = deliver(base, count)
        if delivered < count { keep(base + delivered, count - delivered) }
    }

    private func completeFrame(_ buffer: InputBuffer, followedBy rest: UnsafeMutableRawPointer?, _ restCount: Int) {
        input.frame = nil
        frameWindowStart = .distantFuture
        shard.leaveOverdraft(self)
        markDirty()
        let size = input.frameSize
        guard deliver(buffer.base, size) == size else {
            guard state == .open else { return shard.retire(buffer) }
            return keepBacklog(buffer, size, followedBy: rest, restCount)
        }
        shard.retire(buffer)
        if let rest, restCount > 0 { deliverScratch(rest, restCount) }
    }

    private func deliverBacklog() {
        guard let buffer = input.backlog else { return }
        let start = input.backlogOffset
        let count = input.backlogEnd - start
        markDirty()
        let delivered = deliver(buffer.base + start, count)
        // A handler that closed the connection has let the backlog go already.
        guard state == .open, input.backlog != nil else { return }
        if delivered < count, !stops.isEmpty {
            input.backlogOffset = start + delivered
            return
        }
        input.backlog = nil
        if delivered < count { keep(buffer.base + start + delivered, count - delivered) }
        shard.retire(buffer)
    }

    // MARK: - Keeping what is not delivered

    /// Copies what was received and not delivered out of memory that ends with the tick.
    private func keep(_ start: UnsafeMutableRawPointer, _ count: Int) {
        guard state == .open else { return }
        markDirty()
        if !stops.isEmpty {
            let buffer = shard.inputBuffers.take(count)
            buffer.base.copyMemory(from: start, byteCount: count)
            input.backlog = buffer
            input.backlogOffset = 0
            input.backlogEnd = count
        } else if count < 4 {
            withUnsafeMutableBytes(of: &input.prefix) { room in
                room.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
            }
            input.prefixCount = count
            openFrameWindow()
        } else {
            input.frameSize = 4 + Int(Int32(bigEndian: start.loadUnaligned(as: Int32.self)))
            let buffer = shard.inputBuffers.take(frameCapacity(filled: count))
            buffer.base.copyMemory(from: start, byteCount: count)
            input.frame = buffer
            input.frameFilled = count
            openFrameWindow()
        }
        chargeMemory()
    }

    /// A whole frame that was not taken becomes the backlog, with what came behind it.
    private func keepBacklog(
        _ buffer: InputBuffer, _ size: Int, followedBy rest: UnsafeMutableRawPointer?, _ restCount: Int
    ) {
        input.backlogOffset = 0
        input.backlogEnd = size + restCount
        guard let rest, restCount > 0 else {
            input.backlog = buffer
            return
        }
        let joined = shard.inputBuffers.take(size + restCount)
        joined.base.copyMemory(from: buffer.base, byteCount: size)
        (joined.base + size).copyMemory(from: rest, byteCount: restCount)
        input.backlog = joined
        shard.retire(buffer)
    }

    /// Room for a frame of which `filled` bytes came: never more than twice that, beyond a small step.
    private func frameCapacity(filled: Int) -> Int {
        min(input.frameSize, max(filled * 2, filled + Connection.growthStep))
    }

    private func growFrame(_ buffer: InputBuffer) {
        let filled = input.frameFilled
        input.frame = shard.inputBuffers.grow(buffer, filled: filled, to: frameCapacity(filled: filled))
        chargeMemory()
    }
}
