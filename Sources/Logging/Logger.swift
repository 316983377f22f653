/// Writes log lines under one label. A small value: keep one per subsystem, or copy it and add metadata.
///
/// A call below the level costs one relaxed load and a comparison; message and metadata are not evaluated.
public struct Logger: Sendable {
    public let label: String
    /// Joined to every line of this logger.
    public var metadata: LogMetadata

    @usableFromInline let channel: LogChannel
    let system: LogSystem

    /// A logger of `system`, which every logger of that label there shares the level with.
    public init(label: String, system: LogSystem = .shared, metadata: LogMetadata = LogMetadata()) {
        self.label = label
        self.metadata = metadata
        self.system = system
        channel = system.channel(label)
    }

    /// The level of all loggers of this label. Setting it takes a lock, reading it does not.
    public var logLevel: LogLevel {
        get { channel.level }
        nonmutating set { system.setLevel(newValue, for: label) }
    }

    public subscript(metadataKey key: String) -> LogValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    @inlinable
    public func isEnabled(_ level: LogLevel) -> Bool { level >= channel.level }

    @inlinable
    public func log(
        level: LogLevel, _ message: @autoclosure () -> String,
        metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) {
        guard isEnabled(level) else { return }
        write(level, message(), metadata())
    }

    @usableFromInline
    func write(_ level: LogLevel, _ message: String, _ extra: LogMetadata) {
        var all = metadata
        for element in extra.elements { all[element.key] = element.value }
        system.write(level, label, message, all)
    }
}

extension Logger {
    @inlinable
    public func trace(
        _ message: @autoclosure () -> String, metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) { log(level: .trace, message(), metadata: metadata()) }

    @inlinable
    public func debug(
        _ message: @autoclosure () -> String, metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) { log(level: .debug, message(), metadata: metadata()) }

    @inlinable
    public func info(
        _ message: @autoclosure () -> String, metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) { log(level: .info, message(), metadata: metadata()) }

    @inlinable
    public func notice(
        _ message: @autoclosure () -> String, metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) { log(level: .notice, message(), metadata: metadata()) }

    @inlinable
    public func warning(
        _ message: @autoclosure () -> String, metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) { log(level: .warning, message(), metadata: metadata()) }

    @inlinable
    public func error(
        _ message: @autoclosure () -> String, metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) { log(level: .error, message(), metadata: metadata()) }

    @inlinable
    public func critical(
        _ message: @autoclosure () -> String, metadata: @autoclosure () -> LogMetadata = LogMetadata()
    ) { log(level: .critical, message(), metadata: metadata()) }
}
