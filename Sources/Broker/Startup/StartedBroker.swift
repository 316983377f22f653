import DiskScheduler
import HTTPServer
import Runtime

/// A broker that serves, for its `BrokerServer` to own and to stop.
struct StartedBroker: Sendable {
    let context: BrokerContext
    /// Where it listens, by listener.
    let endpoints: [BoundListener]
    let threads: StartedThreads
    let shards: [Mailbox<ShardMessage>]
    let control: Mailbox<ControlMessage>
    let directories: OpenedDirectories
}

/// The threads of a broker, to be stopped in the reverse order of their start.
struct StartedThreads: Sendable {
    var pool: BlockingPool?
    var sync: [SyncThread] = []
    var control: ShardHandle?
    var shards: [ShardHandle] = []
    var http: HTTPServer?

    func stop() {
        http?.stop()
        for shard in shards { shard.stop() }
        for shard in shards { shard.join() }
        control?.stop()
        control?.join()
        for thread in sync { thread.stop() }
        pool?.shutDown()
    }
}
