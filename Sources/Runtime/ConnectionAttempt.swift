import Glibc

/// A connection that is being made.
public final class ConnectionAttempt {
    typealias Completion = (Result<Connection, SystemError>) -> (any ConnectionHandler)?

    private let shard: Shard
    private let address: SocketAddress
    private let options: ConnectionOptions
    private var completion: Completion?
    private var socket: (descriptor: Int32, key: SlotKey)?
    private var timer: DeadlineToken?

    fileprivate init(
        shard: Shard, address: SocketAddress, options: ConnectionOptions, completion: @escaping Completion
    ) {
        self.shard = shard
        self.address = address
        self.options = options
        self.completion = completion
    }

    /// Gives up: the completion is not called any more.
    public func cancel() {
        completion = nil
        abandonSocket()
    }

    fileprivate func start(timeout: Interval) {
        do throws(SystemError) {
            let descriptor = try Socket.connect(to: address)
            let key = shard.slots.insert(.attempt(self))
            socket = (descriptor, key)
            try shard.poll.add(descriptor, events: EventPoll.output, key: key)
            timer = shard.schedule(after: timeout) { [self] in
                timer = nil
                fail(SystemError("connect to \(address)", code: ETIMEDOUT))
            }
        } catch {
            abandonSocket()
            shard.perform { self.fail(error) }
        }
    }

    func ready() {
        guard let socket, let completion else { return }
        let code = Socket.pendingError(socket.descriptor)
        guard code == 0 else { return fail(SystemError("connect to \(address)", code: code)) }
        if let timer { shard.cancel(timer) }
        timer = nil
        self.socket = nil
        self.completion = nil
        do throws(SystemError) {
            let connection = try shard.open(socket.descriptor, peer: address, options: options, key: socket.key)
            shard.admit(connection) { completion(.success($0)) }
        } catch {
            preconditionFailure("a socket that is in the poll was refused: \(error)")
        }
    }

    private func fail(_ error: SystemError) {
        let completion = self.completion
        cancel()
        _ = completion?(.failure(error))
    }

    private func abandonSocket() {
        if let timer { shard.cancel(timer) }
        timer = nil
        guard let (descriptor, key) = socket else { return }
        socket = nil
        shard.slots.remove(key)
        close(descriptor)
    }
}

extension Shard {
    /// Connects to an address. `completion` gets the connection, or why there is none, in the input phase of a later tick;
    /// for a connection it answers with the handler, or with nil to close it. The option `firstFrameTimeout` is not used:
    /// who connects waits for nothing before it has asked.
    @discardableResult
    public func connect(
        to address: SocketAddress, timeout: Interval = .seconds(10),
        options: ConnectionOptions = ConnectionOptions(),
        completion: @escaping (Result<Connection, SystemError>) -> (any ConnectionHandler)?
    ) -> ConnectionAttempt {
        var options = options
        options.firstFrameTimeout = nil
        let attempt = ConnectionAttempt(shard: self, address: address, options: options, completion: completion)
        attempt.start(timeout: timeout)
        return attempt
    }
}
