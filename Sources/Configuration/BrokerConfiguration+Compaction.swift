extension BrokerConfiguration {
    /// The compaction of topics whose cleanup policy asks for it.
    public struct Compaction: Sendable, Equatable {
        public let isEnabled: Bool
        /// Logs that are compacted at a time.
        public let threads: Int
        /// Milliseconds between two looks for something to compact.
        public let backoff: Int64
        /// Bytes of the tables of keys, over all threads.
        public let mapBytes: Int
        /// How full a table may get, from 0 to 1.
        public let mapLoadFactor: Double
        /// Bytes for reading and writing, over all threads.
        public let bufferBytes: Int
        /// Bytes read and written in a second, over all threads; nil is without limit.
        public let bytesPerSecond: Double?

        init(_ settings: BrokerSettings) {
            func value(_ name: String) -> ConfigurationValue {
                guard let value = settings.value(of: name) else { preconditionFailure("\(name) has no default") }
                return value
            }
            isEnabled = value("log.cleaner.enable").boolean
            threads = Int(value("log.cleaner.threads").integer)
            backoff = value("log.cleaner.backoff.ms").integer
            mapBytes = Int(value("log.cleaner.dedupe.buffer.size").integer)
            mapLoadFactor = value("log.cleaner.io.buffer.load.factor").double
            bufferBytes = Int(value("log.cleaner.io.buffer.size").integer)
            let rate = value("log.cleaner.io.max.bytes.per.second").double
            bytesPerSecond = rate > 0 && rate < 1e15 ? rate : nil
        }
    }
}
