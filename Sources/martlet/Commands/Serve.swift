/// Runs a broker until it is told to stop.
///
/// - Throws: the `ExitCode` that the process ends with, when it is not success.
func serve(_ options: ServerOptions) throws {
    throw BrokerMissing()
}

/// The program was built without the broker.
struct BrokerMissing: Error, CustomStringConvertible {
    var description: String { "this program was built without the broker" }
}
