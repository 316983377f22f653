/// Random operations on something that stores, next to a model of it, through several lives on one simulated disk. The same
/// seed makes the same run.
package protocol ModelRun {
    init(seed: UInt64) throws

    /// Begins a life, compares what is there with the model, works, and ends the process or the machine.
    mutating func live() throws

    /// The last things that were done.
    var trace: [String] { get }
}

extension ModelRun {
    /// How many lives a run has.
    package static var lives: Int { 14 }
}

/// What was found is not what the model says.
package struct ModelFailure: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
