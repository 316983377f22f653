import CSystem
import Glibc
import Synchronization

/// What other threads wake a shard with. A bit stands for each mailbox; the eventfd is written only when no bit was set,
/// so a burst costs one write.
final class ShardWaker: Sendable {
    static let stopBit: UInt64 = 1 << 63
    /// Mailboxes from this number on share its bit.
    static let lastMailboxBit = 62

    let descriptor: Int32
    private let pending = Atomic<UInt64>(0)

    init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { close(descriptor) }

    func signal(_ bits: UInt64) {
        let before = pending.bitwiseOr(bits, ordering: .acquiringAndReleasing).oldValue
        guard before == 0 else { return }
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// The bits set since the last call. The eventfd is emptied first: a bit set after that either is in the answer or
    /// writes the eventfd again.
    func take() -> UInt64 {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return pending.exchange(0, ordering: .acquiringAndReleasing)
    }
}
