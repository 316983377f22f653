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
}
