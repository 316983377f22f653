import Synchronization

/// The sending side of a shard's mailbox; any thread may post. The messages of one poster arrive in order.
public struct Mailbox<Message: Sendable>: Sendable {
    let queue: MailboxQueue<Message>

    /// Posts a message. False if the shard has ended or the mailbox is full; the message is dropped then.
    @discardableResult
    public func post(_ message: Message) -> Bool { queue.post(message) }
}

final class MailboxQueue<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var isOpen = true
    }

    private let state = Mutex(State())
    private let waker: ShardWaker
    private let bit: UInt64
    private let capacity: Int

    init(waker: ShardWaker, bit: UInt64, capacity: Int) {
        self.waker = waker
        self.bit = bit
        self.capacity = capacity
    }

    func post(_ message: Message) -> Bool {
        let place = state.withLock { (state) -> Int in
            guard state.isOpen, state.messages.count < capacity else { return 0 }
            state.messages.append(message)
            return state.messages.count
        }
        if place == 1 { waker.signal(bit) }
        return place > 0
    }

    /// Swaps the waiting messages with the empty array `batch`.
    func take(into batch: inout [Message]) {
        state.withLock { swap(&$0.messages, &batch) }
    }

    func close() {
        // The messages are let go outside the lock: their release may run anything.
        let dropped = state.withLock { (state) -> [Message] in
            state.isOpen = false
            defer { state.messages = [] }
            return state.messages
        }
        _ = dropped
    }
}

/// The receiving side, seen by the shard's loop.
struct MailboxReceiver {
    let bit: UInt64
    let drain: () -> Void
    let close: () -> Void
}

extension Shard {
    /// A mailbox of this shard: `receive` runs on the shard for each message, in the input phase of a tick. It holds at
    /// most `capacity` messages that the shard has not taken yet.
    public func makeMailbox<Message: Sendable>(
        of _: Message.Type = Message.self, capacity: Int = 1 << 20, _ receive: @escaping (Message) -> Void
    ) -> Mailbox<Message> {
        let bit: UInt64 = 1 << UInt64(min(mailboxes.count, ShardWaker.lastMailboxBit))
        let queue = MailboxQueue<Message>(waker: waker, bit: bit, capacity: capacity)
        var batch: [Message] = []
        let drain = {
            queue.take(into: &batch)
            for message in batch { receive(message) }
            batch.removeAll(keepingCapacity: batch.capacity <= 4_096)
        }
        mailboxes.append(MailboxReceiver(bit: bit, drain: drain, close: { queue.close() }))
        return Mailbox(queue: queue)
    }
}
