import Bytes
import Glibc

extension Connection {
    /// Appends to the connection's output. What is given in one tick leaves in one write at its end. The writer is the
    /// connection's only within the closure; if that throws, what it wrote is taken back.
    @inlinable
    public func withOutput<Result, Failure: Error>(
        _ body: (inout ByteWriter) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = outputBuffer()
        let start = buffer.writer.count
        do throws(Failure) {
            let result = try body(&buffer.writer)
            outputWritten()
            return result
        } catch {
            buffer.writer.truncate(to: start)
            throw error
        }
    }

    /// Appends shared bytes without a copy; they stay alive until the socket took them.
    public func send(_ slice: Slice) {
        guard isOpen else { return }
        output.append(slice)
        outputWritten()
    }

    /// Appends `count` bytes of an open file, from `position` on. `owner` keeps the descriptor open, and is let go when
    /// the bytes are sent or the connection is closed. A file that ends early closes the connection.
    public func sendFile(_ owner: AnyObject, descriptor: Int32, position: Int64, count: Int) {
        guard isOpen else { return }
        precondition(position >= 0 && count >= 0, "a range before the start of a file")
        output.append(FileRange(owner: owner, descriptor: descriptor, position: position, count: count))
        outputWritten()
    }

    /// Where output is written to; what a closed connection writes is thrown away.
    @usableFromInline
    func outputBuffer() -> OutputBuffer {
        guard isOpen else { return shard.discardedOutput() }
        if let buffer = output.buffer { return buffer }
        let buffer = shard.takeOutputBuffer()
        output.buffer = buffer
        return buffer
    }

    @usableFromInline
    func outputWritten() {
        guard isOpen else { return }
        markDirty()
        // Without memory to spare it gets nothing more to do until this has left: otherwise each of many connections would
        // own what one may.
        let pending = output.pendingBytes
        guard pending > options.outputLowWater || shard.memory.isExceeded else { return }
        // At once, as many connections may write in one tick.
        chargeMemory()
        if pending > options.outputHighWater || shard.memory.isExceeded { stop(.output) }
    }

    /// The socket can be written to again.
    func writable() {
        outputWait = nil
        markDirty()
    }

    func flushOutput() {
        guard !output.isEmpty, outputWait == nil else { return }
        let sentBefore = shard.statistics.bytesSent
        let step = output.flush(transport, descriptor, shard.pieces, &shard.statistics)
        if shard.statistics.bytesSent != sentBefore { lastActivity = shard.now }
        // A secure layer may have had to read in order to write.
        if transport.hasBufferedInput { continueInTheNextTick() }
        switch step {
        case .drained:
            releaseOutputBuffer()
        case .blocked(let wait):
            outputWait = wait
            output.compact()
        case .yielded:
            output.compact()
            shard.perform { self.markDirty() }
        case .failed(let code):
            shut(.failed(code))
        case .fileEnded:
            shut(.fileEnded)
        }
    }

    func releaseOutputBuffer() {
        guard let buffer = output.buffer else { return }
        output.buffer = nil
        shard.giveOutputBuffer(buffer)
    }

    /// Reads on when little enough output waits.
    func checkLowWater() {
        guard stops.contains(.output),
            output.pendingBytes <= (shard.memory.isExceeded ? 0 : options.outputLowWater)
        else { return }
        start(.output)
        if isOpen { shard.perform { if self.isOpen { self.handler?.outputDrained(self) } } }
    }
}
