import Glibc

extension Shard {
    /// The number of connections, those that are being closed included.
    public var connectionCount: Int { connections.count }

    /// Takes over an open socket and makes a connection of it.
    func open(
        _ descriptor: Int32, peer: SocketAddress, options: ConnectionOptions, key: SlotKey? = nil
    ) throws(SystemError) -> Connection {
        Socket.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        Socket.set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        let local = SocketAddress.of(descriptor, getsockname) ?? SocketAddress(host: .v4(0), port: 0)
        nextConnection += 1
        let connection = Connection(
            shard: self, id: ConnectionID(number: nextConnection), descriptor: descriptor, peer: peer, local: local,
            options: options)
        connection.interest = EventPoll.input
        if let key {
            // The socket is in the poll already, waiting to be connected.
            slots.replace(key, with: .connection(connection))
            connection.key = key
            poll.change(descriptor, events: EventPoll.input, key: key)
        } else {
            connection.key = slots.insert(.connection(connection))
            do {
                try poll.add(descriptor, events: EventPoll.input, key: connection.key)
            } catch {
                slots.remove(connection.key)
                throw error
            }
        }
        connections[connection.id] = connection
        statistics.connectionsOpened += 1
        return connection
    }

    /// Gives a new connection its handler; without one it is closed.
    func admit(_ connection: Connection, _ accept: (Connection) -> (any ConnectionHandler)?) {
        guard let handler = accept(connection) else { return connection.shut(.closedHere) }
        connection.handler = handler
        connection.armTimer()
        if draining != nil { connection.endInput(byPeer: false) }
    }

    func releaseClosed() {
        guard !closing.isEmpty else { return }
        let batch = closing
        closing.removeAll(keepingCapacity: true)
        for connection in batch {
            slots.remove(connection.key)
            connections[connection.id] = nil
            statistics.connectionsClosed += 1
            connection.release()
        }
        for listener in listeners { listener.descriptorWasFreed() }
        checkDrained()
    }

    // MARK: - Drain

    struct Drain {
        let deadline: DeadlineToken
        let completion: () -> Void
    }

    /// Ends all connections in order: listeners are closed, no connection takes another frame, each handler hears of it by
    /// `inputEnded` and closes its connection when it has answered. What is still open at the deadline is closed as it is.
    /// Then `completion` runs, in the input phase of a tick. New connections are ended likewise.
    public func drain(deadline: MonotonicTime, then completion: @escaping () -> Void) {
        precondition(draining == nil, "a shard drains once")
        let timer = schedule(at: deadline) { [unowned self] in
            for connection in connections.values { connection.shut(.drained) }
        }
        draining = Drain(deadline: timer, completion: completion)
        for listener in listeners { listener.close() }
        // Put off, as it may be a connection's own handler that drains the shard.
        perform { [unowned self] in
            for connection in connections.values.sorted(by: { $0.id.number < $1.id.number }) {
                connection.endInput(byPeer: false)
            }
            checkDrained()
        }
    }

    private func checkDrained() {
        guard let drain = draining, connections.isEmpty, !hasDrained else { return }
        hasDrained = true
        cancel(drain.deadline)
        perform(drain.completion)
    }

    // MARK: - Memory budget

    /// Lets starved connections read again if there is memory. If not, one that is inside a frame may go on beyond the
    /// budget, and the others are looked at again soon.
    func feedStarved() {
        guard memory.isExceeded else {
            let batch = starved
            starved.removeAll(keepingCapacity: true)
            for connection in batch { connection.start(.starved) }
            return
        }
        starved.removeAll { $0.state == .closed }
        // One that rests for another reason as well would not read on.
        if overdraft == nil,
            let index = starved.firstIndex(where: { $0.input.frame != nil && $0.stops == .starved })
        {
            let connection = starved.remove(at: index)
            overdraft = connection.id
            connection.start(.starved)
        }
        if starvationTimer == nil, !starved.isEmpty {
            statistics.starvations += 1
            // Other shards free memory without telling.
            starvationTimer = schedule(after: .milliseconds(10)) { [unowned self] in starvationTimer = nil }
        }
    }

    /// Whether the connection may own more memory though the budget is used up.
    func enterOverdraft(_ connection: Connection) -> Bool {
        if overdraft == nil { overdraft = connection.id }
        return overdraft == connection.id
    }

    func leaveOverdraft(_ connection: Connection) {
        guard overdraft == connection.id else { return }
        overdraft = nil
        // The next one has its turn at once.
        if !starved.isEmpty { requestTick() }
    }
}
