/// Ends the run with the input kept when what must hold does not.
func require(_ condition: Bool, _ complaint: @autoclosure () -> String) {
    if !condition { fatalError(complaint()) }
}

/// Runs what must not fail.
func requireSuccess<Value>(_ what: String, _ body: () throws -> Value) -> Value {
    do {
        return try body()
    } catch {
        fatalError("\(what): \(error)")
    }
}
