/// What the command line says of a broker.
struct ServerOptions {
    var listen: String?
    var advertise: String?
    var data: String?
    var configurationFile: String?
    /// In the order given.
    var settings: [(key: String, value: String)]
}
