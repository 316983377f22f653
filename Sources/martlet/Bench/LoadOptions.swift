import CommandLine
import KafkaClientCore
import Records
import Runtime

/// What a benchmark sends, and how.
struct LoadOptions: ParsableArguments {
    @Option(name: .long(short: "s"), valueName: "BYTES", help: "The size of a value.")
    var size = 1_024
    @Option(valueName: "N", help: "Records a second. A record that is late counts from when it should have been sent.")
    var rate: Int?
    @Option(name: .long(short: "n"), valueName: "N", help: "Records to send and measure, in place of --duration.")
    var records: Int?
    @Option(name: .long(short: "d"), valueName: "SECONDS", help: "How long to measure.")
    var duration = 10
    @Option(valueName: "SECONDS", help: "How long to send before that.")
    var warmUp = 1
    @Option(help: "Who has a record before it counts as written: all in-sync replicas, the leader, nobody.")
    var acks: AcksArgument = .all
    @Option(name: .long(short: "z"), valueName: "CODEC", help: "Compression.")
    var codec: CodecArgument = .none
    @Option(valueName: "MS", help: "How long a batch waits for more records. (default: 5, and 0 for latency)")
    var linger: Int?
    @Option(valueName: "BYTES", help: "Bytes at which a batch is sent, before compression.")
    var batchSize = 65_536
    @Option(valueName: "BYTES", help: "Bytes of records that may wait to be sent.")
    var buffer = 32 << 20

    func validate() throws {
        guard (0...1 << 20).contains(size) else { throw ValidationError("--size must be from 0 to 1048576") }
        if let rate, rate < 1 { throw ValidationError("--rate must be at least 1") }
        if let records, records < 1 { throw ValidationError("--records must be at least 1") }
        guard duration > 0 else { throw ValidationError("--duration must be at least 1") }
        guard warmUp >= 0 else { throw ValidationError("--warm-up must be 0 or more") }
        if let linger, linger < 0 { throw ValidationError("--linger must be 0 or more") }
        guard (1...1 << 20).contains(batchSize) else { throw ValidationError("--batch-size must be from 1 to 1048576") }
        guard buffer > 0 else { throw ValidationError("--buffer must be at least 1") }
    }

    /// - Parameter linger: in milliseconds, unless the user said.
    func producerConfiguration(linger standard: Int, metadataTimeout: Int) -> ProducerConfiguration {
        var configuration = ProducerConfiguration()
        configuration.acks = acks.acknowledgement
        configuration.isIdempotent = acks == .all
        configuration.compression = codec.compression
        configuration.linger = .milliseconds(Int64(linger ?? standard))
        configuration.batchSize = batchSize
        configuration.bufferMemory = buffer
        configuration.maximumRequestSize = 4 << 20
        configuration.metadataTimeout = .seconds(Int64(metadataTimeout))
        return configuration
    }
}
