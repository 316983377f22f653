import CSystem
import Glibc

/// Memory that the process has freed, and that the kernel still counts as its own because the allocator keeps it.
public enum FreedMemory {
    /// Gives it back to the kernel where it is more than `slack` bytes; whether it was. It may hold the allocator's locks
    /// for some milliseconds, and reads `/proc/self`: not for a thread that must not wait.
    @discardableResult
    public static func release(above slack: Int) -> Bool {
        guard residentAnonymousBytes - martlet_allocated_bytes() - InputBufferPool.mappedBytes > slack else {
            return false
        }
        martlet_trim_allocator()
        return true
    }

    /// Gives back what is free at the end of the calling thread's own heap, where it is more than `slack` bytes; that end
    /// is what ``release(above:)`` does not reach. It takes the time of unmapping it, a millisecond for 64 MiB or so.
    public static func releaseEndOfOwnHeap(above slack: Int) {
        martlet_trim_own_heap(Int32(clamping: slack))
    }

    /// What is resident and in no file; 0 where it cannot be read.
    private static var residentAnonymousBytes: Int {
        let pages = ProcessStatistics.text(of: "/proc/self/statm").split(separator: " ").map { Int($0) ?? 0 }
        guard pages.count > 2 else { return 0 }
        return (pages[1] - pages[2]) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
