import Synchronization

/// One value, handed from one thread to another that blocks for it: how a mailbox made inside a shard reaches whoever
/// started the shard. Not for use on a shard.
public final class Rendezvous<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let arrived: CountingSemaphore

    public init() throws(SystemError) { arrived = try CountingSemaphore() }

    /// Hands the value over. The first value counts.
    public func put(_ value: Value) {
        let isFirst = self.value.withLock { (held) -> Bool in
            guard held == nil else { return false }
            held = value
            return true
        }
        if isFirst { arrived.signal() }
    }

    /// Blocks until there is a value; any number of threads may ask.
    public func wait() -> Value {
        while true {
            if let value = value.withLock({ $0 }) { return value }
            arrived.wait()
            arrived.signal()
        }
    }

    /// The value, or nil where none comes in time. Blocks.
    public func wait(within timeout: Interval) -> Value? {
        _ = arrived.wait(within: timeout)
        return value.withLock { $0 }
    }
}
