import Runtime
import Synchronization

/// Where a broker stands between its start and its end, for who asks over HTTP: readable from any thread at any time,
/// also while the threads that move it are busy.
final class BrokerStatus: Sendable {
    enum Phase: Int, Sendable {
        case starting, recovering, running, stopping

        var name: String {
            switch self {
            case .starting: "starting"
            case .recovering: "recovering"
            case .running: "running"
            case .stopping: "stopping"
            }
        }

        /// Kafka's number of the state.
        var kafkaState: Int {
            switch self {
            case .starting: 1
            case .recovering: 2
            case .running: 3
            case .stopping: 7
            }
        }
    }

    private let phaseNumber = Atomic<Int>(Phase.starting.rawValue)
    private let foundLogs = Atomic<Int>(0)
    private let openLogs = Atomic<Int>(0)
    private let failedLogs = Atomic<Int>(0)
    private let readBytes = Atomic<Int64>(0)
    private let startNanoseconds = Atomic<Int64>(0)
    private let beginning = MonotonicTime.current()
    private let metricsSource = Mutex<MetricsSource?>(nil)

    var phase: Phase { Phase(rawValue: phaseNumber.load(ordering: .acquiring)) ?? .starting }

    /// The broker has come to a later phase.
    func enter(_ phase: Phase) {
        if phase == .running {
            startNanoseconds.store((MonotonicTime.current() - beginning).nanoseconds, ordering: .relaxed)
        }
        phaseNumber.store(phase.rawValue, ordering: .releasing)
    }

    func found(logs count: Int) { foundLogs.wrappingAdd(count, ordering: .relaxed) }
    func opened(logs count: Int, failed: Int) {
        openLogs.wrappingAdd(count, ordering: .relaxed)
        failedLogs.wrappingAdd(failed, ordering: .relaxed)
    }

    /// A log was opened for which so much of it was read and checked.
    func checked(bytes: Int64) { readBytes.wrappingAdd(bytes, ordering: .relaxed) }

    var checkedBytes: Int64 { readBytes.load(ordering: .relaxed) }

    /// Logs that were opened, or to be opened, since the start.
    struct Logs: Sendable {
        var found: Int
        var open: Int
        var failed: Int
    }

    var logs: Logs {
        Logs(
            found: foundLogs.load(ordering: .relaxed), open: openLogs.load(ordering: .relaxed),
            failed: failedLogs.load(ordering: .relaxed))
    }

    /// How long it has been, or was, until the broker served.
    var startDuration: Interval {
        let settled = startNanoseconds.load(ordering: .relaxed)
        return settled > 0 ? .nanoseconds(settled) : MonotonicTime.current() - beginning
    }

    /// Asks for the text of the metrics, which comes later from another thread; an error says why there is none.
    typealias MetricsSource =
        @Sendable (_ reply: @escaping @Sendable (Result<[UInt8], MetricsUnavailable>) -> Void) -> Void

    /// Who has the metrics, once there is somebody.
    var metrics: MetricsSource? {
        get { metricsSource.withLock { $0 } }
        set { metricsSource.withLock { $0 = newValue } }
    }
}

/// Why there are no metrics now.
struct MetricsUnavailable: Error, Sendable {
    let reason: String
}
