import CSystem
import Glibc

/// Signals as events of a shard.
final class SignalWatch {
    private let shard: Shard
    private let descriptor: Int32
    private let action: (Int32) -> Void

    fileprivate init(shard: Shard, descriptor: Int32, action: @escaping (Int32) -> Void) {
        self.shard = shard
        self.descriptor = descriptor
        self.action = action
    }

    func ready() {
        while true {
            let signal = martlet_next_signal(descriptor)
            guard signal > 0 else { return }
            action(signal)
        }
    }

    func close() { Glibc.close(descriptor) }
}

extension Shard {
    /// Runs `action` in the input phase for each of these signals that the process gets, as long as the shard runs. The
    /// signals are blocked on this thread; every other thread must block them too (`ProcessSetup.block`), or may be ended
    /// by them.
    public func onSignal(_ signals: [Int32], _ action: @escaping (_ signal: Int32) -> Void) throws(SystemError) {
        ProcessSetup.block(signals)
        var set = ProcessSetup.signalSet(signals)
        let descriptor = martlet_signal_descriptor(&set)
        guard descriptor >= 0 else { throw .last("signalfd") }
        let watch = SignalWatch(shard: self, descriptor: descriptor, action: action)
        let key = slots.insert(.signals(watch))
        do throws(SystemError) {
            try poll.add(descriptor, events: EventPoll.input, key: key)
        } catch {
            slots.remove(key)
            watch.close()
            throw error
        }
    }
}
