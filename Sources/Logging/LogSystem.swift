import Synchronization

/// The level of one label, shared by its loggers.
@usableFromInline
final class LogChannel: Sendable {
    private let stored: Atomic<UInt8>

    init(_ level: LogLevel) { stored = Atomic(level.rawValue) }

    @usableFromInline var level: LogLevel {
        get { LogLevel(rawValue: stored.load(ordering: .relaxed)) ?? .info }
        set { stored.store(newValue.rawValue, ordering: .relaxed) }
    }
}

/// The process's log: levels by label, the form of a line, and the sink.
public final class LogSystem: Sendable {
    /// The one that loggers use unless told otherwise: text to the error stream, level `info`.
    public static let shared = LogSystem()

    private struct State {
        var sink: any LogSink
        var format: LogFormat
        var level: LogLevel
        var overrides: [String: LogLevel] = [:]
        var channels: [String: LogChannel] = [:]
    }

    private let state: Mutex<State>
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - sink: by default the error stream.
    ///   - clock: milliseconds since 1970, by default the system's.
    public init(
        sink: any LogSink = FileDescriptorSink.standardError, format: LogFormat = .text, level: LogLevel = .info,
        clock: @escaping @Sendable () -> Int64 = wallClockMs
    ) {
        state = Mutex(State(sink: sink, format: format, level: level))
        self.clock = clock
    }

    /// Changes the form of lines from now on.
    public func setFormat(_ format: LogFormat) { state.withLock { $0.format = format } }

    /// Changes where lines go from now on.
    public func setSink(_ sink: any LogSink) { state.withLock { $0.sink = sink } }

    /// Changes the level of every label that has none of its own.
    public func setLevel(_ level: LogLevel) {
        state.withLock { state in
            state.level = level
            for (label, channel) in state.channels where state.overrides[label] == nil { channel.level = level }
        }
    }

    /// Gives a label a level of its own; nil gives it the general one again.
    public func setLevel(_ level: LogLevel?, for label: String) {
        state.withLock { state in
            state.overrides[label] = level
            state.channels[label]?.level = level ?? state.level
        }
    }

    /// The level of labels that have none of their own.
    public var level: LogLevel { state.withLock { $0.level } }

    /// The labels that a logger was made for, with the level of each, in the order of their names.
    public var levels: [(label: String, level: LogLevel)] {
        state.withLock { state in
            state.channels.map { ($0.key, $0.value.level) }.sorted { $0.0 < $1.0 }
        }
    }

    func channel(_ label: String) -> LogChannel {
        state.withLock { state in
            if let channel = state.channels[label] { return channel }
            let channel = LogChannel(state.overrides[label] ?? state.level)
            state.channels[label] = channel
            return channel
        }
    }

    func write(_ level: LogLevel, _ label: String, _ message: String, _ metadata: LogMetadata) {
        let (sink, format) = state.withLock { ($0.sink, $0.format) }
        sink.write(format.line(timeMs: clock(), level: level, label: label, message: message, metadata: metadata))
    }
}
