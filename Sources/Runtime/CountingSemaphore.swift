import CSystem
import Glibc

/// A semaphore in an eventfd: threads wait in `read`, which needs no memory that is shared unsafely.
final class CountingSemaphore: Sendable {
    private let descriptor: Int32

    init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_SEMAPHORE | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { close(descriptor) }

    func signal(_ count: UInt64 = 1) {
        var count = count
        while write(descriptor, &count, 8) < 0, errno == EINTR {}
    }

    func wait() {
        var one: UInt64 = 0
        while read(descriptor, &one, 8) < 0, errno == EINTR {}
    }

    /// Waits until there is something to take, without taking it. False if time ran out before.
    func wait(within timeout: Interval) -> Bool {
        let deadline = MonotonicTime.current() + timeout
        while true {
            let left = max((deadline - .current()).nanoseconds, 0)
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, Int32(clamping: (left + 999_999) / 1_000_000)) > 0 { return true }
            if left == 0 { return false }
        }
    }
}
