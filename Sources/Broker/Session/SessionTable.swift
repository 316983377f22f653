/// The sessions of one shard, by number. Numbers are not used again.
struct SessionTable {
    private var sessions: [UInt64: ClientSession] = [:]
    private var next: UInt64 = 1

    var all: some Sequence<ClientSession> { sessions.values }

    subscript(number: UInt64) -> ClientSession? { sessions[number] }

    /// Keeps the session that `make` makes with the number it is given.
    mutating func open(_ make: (UInt64) -> ClientSession) -> ClientSession {
        let session = make(next)
        sessions[next] = session
        next += 1
        return session
    }

    mutating func remove(_ number: UInt64) { sessions.removeValue(forKey: number) }
}
