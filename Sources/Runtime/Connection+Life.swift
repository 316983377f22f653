import Bytes
import Glibc

extension Connection {
    /// The socket has something to say.
    func ready(_ events: UInt32) {
        guard state != .closed else { return }
        if events & EventPoll.trouble != 0, interest & EventPoll.input == 0 || state != .open { return shut(failure()) }
        if events & EventPoll.output != 0 {
            if outputWait == .wantsOutput { writable() }
            if readWantsOutput { readable() }
        }
        if events & (EventPoll.input | EventPoll.trouble) != 0 {
            if outputWait == .wantsInput { writable() }
            readable()
        }
    }

    /// Why the kernel reports trouble.
    private func failure() -> CloseReason {
        let code = Socket.pendingError(descriptor)
        return code == 0 ? (input.hasEnded ? closeReason : .closedByPeer) : .failed(code)
    }

    /// Ends the tick for this connection: output leaves, and the poll hears what is waited for.
    func settle() {
        defer { isDirty = false }
        guard state != .closed else { return }
        flushOutput()
        checkLowWater()
        if state == .flushing, output.isEmpty { finish() }
        guard state != .closed else { return }
        chargeMemory()
        updateInterest()
    }

    private func updateInterest() {
        var wanted: UInt32 = 0
        if state == .open, stops.isEmpty { wanted |= readWantsOutput ? EventPoll.output : EventPoll.input }
        switch outputWait {
        case .wantsOutput?: wanted |= EventPoll.output
        case .wantsInput?: wanted |= EventPoll.input
        default: break
        }
        guard wanted != interest else { return }
        interest = wanted
        shard.poll.change(descriptor, events: wanted, key: key)
    }

    /// Everything is sent. What the peer still sends is read away first, as far as it is there: a socket closed with
    /// unread bytes resets the connection, and the peer might lose what was sent to it.
    private func finish() {
        switch transport {
        case .secure(let layer): layer.finish()
        case .plaintext: break
        }
        shutdown(descriptor, Int32(SHUT_WR))
        if !input.hasEnded {
            withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 16) { room in
                var reads = 0
                while reads < 16, recv(descriptor, room.baseAddress, room.count, 0) > 0 { reads += 1 }
            }
        }
        shut(closeReason)
    }

    /// Lets go of everything and tells the handler.
    func release() {
        if let timer { shard.cancel(timer) }
        if let pauseTimer { shard.cancel(pauseTimer) }
        timer = nil
        pauseTimer = nil
        shard.leaveOverdraft(self)
        discardInput()
        output.removeAll()
        releaseOutputBuffer()
        shard.memory.charge(-charged)
        charged = 0
        Glibc.close(descriptor)
        let handler = self.handler
        self.handler = nil
        handler?.closed(closeReason)
    }

    // MARK: - Memory

    /// Tells the budget what the connection owns now.
    func chargeMemory() {
        let owned = input.memoryBytes + output.memoryBytes
        guard owned != charged else { return }
        shard.memory.charge(owned - charged)
        charged = owned
    }

    /// How much a read may bring: anything within the budget. Beyond it, one that owns nothing still gets small requests
    /// through, so that nobody is shut out by others who do not take their output; one that is inside a frame may fill
    /// the memory that is there; and one connection of a shard may exceed the budget, so that somebody's frame gets whole
    /// and frees its memory. The others stop reading (nil).
    func readAllowance() -> Int? {
        guard shard.memory.isExceeded else { return Connection.readLimit }
        if charged == 0, input.memoryBytes == 0 { return Scratch.smallestRead }
        if let buffer = input.frame, input.frameFilled < buffer.capacity || shard.enterOverdraft(self) { return 0 }
        stop(.starved)
        shard.starved.append(self)
        return nil
    }

    // MARK: - Times

    /// When the connection must be looked at, if nothing happens on it.
    private var dueTime: MonotonicTime {
        if state == .flushing { return flushDeadline }
        var due = MonotonicTime.distantFuture
        if let idle = options.idleTimeout { due = lastActivity + idle }
        guard state == .open else { return due }
        if input.framesReceived == 0, let first = options.firstFrameTimeout { due = min(due, opened + first) }
        if input.isInsideFrame, stops.isEmpty, let progress = options.frameProgressTimeout {
            due = min(due, frameWindowStart + progress)
        }
        return due
    }

    /// Sets the timer if it would come too late. It may come too early: that costs less than moving it for each frame.
    func armTimer() {
        let due = dueTime
        guard due < timerDue else { return }
        if let timer { shard.cancel(timer) }
        timerDue = due
        timer = shard.schedule(at: due) { [unowned self] in timerFired() }
    }

    func openFrameWindow() {
        frameWindowStart = shard.now
        frameWindowBytes = input.frame == nil ? input.prefixCount : input.frameFilled
        armTimer()
    }

    private func timerFired() {
        timer = nil
        timerDue = .distantFuture
        guard state != .closed else { return }
        if state == .flushing, flushDeadline <= shard.now { return shut(.flushTimedOut) }
        if let idle = options.idleTimeout, lastActivity + idle <= shard.now { return shut(.idle) }
        if state == .open {
            if input.framesReceived == 0, let first = options.firstFrameTimeout, opened + first <= shard.now {
                return shut(.noFirstFrame)
            }
            if isFrameStalled { return shut(.frameStalled) }
        }
        armTimer()
    }

    /// Whether a window has passed in which the frame did not grow enough; opens the next one otherwise.
    private var isFrameStalled: Bool {
        guard input.isInsideFrame, stops.isEmpty, let progress = options.frameProgressTimeout,
            frameWindowStart + progress <= shard.now
        else { return false }
        let filled = input.frame == nil ? input.prefixCount : input.frameFilled
        guard filled - frameWindowBytes >= options.frameProgressBytes else { return true }
        frameWindowStart = shard.now
        frameWindowBytes = filled
        return false
    }
}
