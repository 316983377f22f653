import CSystem
import Glibc

/// An epoll instance and the events that its last wait brought.
struct EventPoll {
    static let input = EPOLLIN.rawValue
    static let output = EPOLLOUT.rawValue
    /// Reported always, asked for or not.
    static let trouble = EPOLLERR.rawValue | EPOLLHUP.rawValue

    static let capacity: Int32 = 256

    private let descriptor: Int32
    private let events: UnsafeMutablePointer<epoll_event>

    init() throws(SystemError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last("epoll_create1") }
        guard let room = martlet_epoll_events(EventPoll.capacity) else {
            Glibc.close(descriptor)
            throw SystemError("allocate epoll events", code: ENOMEM)
        }
        events = room
    }

    func close() {
        Glibc.close(descriptor)
        free(events)
    }

    func add(_ target: Int32, events: UInt32, key: SlotKey) throws(SystemError) {
        guard martlet_epoll_control(descriptor, EPOLL_CTL_ADD, target, events, key.bits) == 0 else {
            throw .last("epoll_ctl add")
        }
    }

    func change(_ target: Int32, events: UInt32, key: SlotKey) {
        let result = martlet_epoll_control(descriptor, EPOLL_CTL_MOD, target, events, key.bits)
        precondition(result == 0, "epoll does not know a descriptor that is registered")
    }

    func remove(_ target: Int32) {
        _ = martlet_epoll_control(descriptor, EPOLL_CTL_DEL, target, 0, 0)
    }

    /// Waits for events, at most `milliseconds` (-1: without limit); their number.
    func wait(milliseconds: Int32) -> Int {
        let count = epoll_wait(descriptor, events, EventPoll.capacity, milliseconds)
        precondition(count >= 0 || errno == EINTR, "epoll_wait failed")
        return max(0, Int(count))
    }

    subscript(index: Int) -> (key: SlotKey, events: UInt32) {
        let place = Int32(truncatingIfNeeded: index)
        return (
            SlotKey(bits: martlet_epoll_event_data(events, place)), martlet_epoll_event_flags(events, place)
        )
    }
}

/// Who gets an event: a place in the shard's table, and which of its tenants was meant.
struct SlotKey: Hashable {
    var index: UInt32
    var generation: UInt32

    init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    init(bits: UInt64) {
        self.init(index: UInt32(truncatingIfNeeded: bits), generation: UInt32(truncatingIfNeeded: bits >> 32))
    }

    var bits: UInt64 { UInt64(generation) << 32 | UInt64(index) }
}
