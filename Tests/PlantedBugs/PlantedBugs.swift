import Files
import Glibc

/// Plants one bug after the other, lets the simulation look for it, and prints a table of what it found. The same seeds
/// without the bug must find nothing.
///
///     PlantedBugs              looks for all of them, from seed MARTLET_SEED (1) on
///     PlantedBugs BUG          looks for this one
///     PlantedBugs BUG SEED     shows what a run with the bug did before it failed
@main struct PlantedBugs {
    /// Seconds of the processor for each bug.
    private static let limit = 300.0

    static func main() throws {
        guard isPlantable else {
            print("This was built without bugs: see `make planted`")
            exit(2)
        }
        let arguments = CommandLine.arguments.dropFirst()
        let wanted = arguments.first.map { [bug(named: $0)] } ?? PlantedBug.allCases
        if arguments.count == 2, let seed = UInt64(arguments[2]) { return try show(wanted[0], seed) }
        let first = getenv("MARTLET_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
        var failed = 0
        print("| planted bug | model | seed | runs | lives in the last | seconds | what was noticed |")
        print("|---|---|---|---|---|---|---|")
        for bug in wanted {
            let found = try row(of: bug, from: first)
            if found == nil { failed += 1 }
            defer { fflush(nil) }
            print(found ?? "| \(bug) | \(bug.model) | not found | | | \(limit) | |")
        }
        print("\n\(wanted.count - failed) of \(wanted.count) were found, from seed \(first) on.")
        exit(failed == 0 ? 0 : 1)
    }

    private static var isPlantable: Bool {
        #if PLANTED_BUGS
        return true
        #else
        return false
        #endif
    }

    /// nil where the bug was not found, or where its seed fails without it as well.
    private static func row(of bug: PlantedBug, from first: UInt64) throws -> String? {
        guard let found = try search(bug, from: first, limit: limit) else { return nil }
        if let failure = try bug.model.failure(of: found.seed) {
            print("seed \(found.seed) fails without \(bug): \(failure.description)")
            return nil
        }
        let seconds = (found.time * 100).rounded() / 100
        let noticed = found.failure.description.prefix(90).replacing("|", with: "/")
        let figures = "\(found.seed) | \(found.runs) | \(found.failure.lives) | \(seconds)"
        return "| \(bug) | \(bug.model) | \(figures) | \(noticed) |"
    }

    private static func bug(named name: String) -> PlantedBug {
        guard let bug = PlantedBug.allCases.first(where: { "\($0)" == name }) else {
            print("There is no bug \(name): \(PlantedBug.allCases)")
            exit(2)
        }
        return bug
    }

    private static func show(_ bug: PlantedBug, _ seed: UInt64) throws {
        #if PLANTED_BUGS
        PlantedBug.plant(bug)
        #endif
        guard let failure = try bug.model.failure(of: seed) else { return print("seed \(seed) does not meet \(bug)") }
        for line in failure.trace { print(line) }
        print(failure.description)
    }
}
