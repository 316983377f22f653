import Files
import Glibc
import LogStorage
import Simulator
import Testing

/// Random operations on a log and a model of it, through more than a thousand power losses: what was acknowledged is
/// there, in order and byte by byte; above it is nothing but what was written; producers are remembered.
///
/// `MARTLET_SEED` repeats a run, `MARTLET_RUNS` makes more or fewer of them.
@Suite struct LogModelTests {
    static let seed: UInt64 = environment("MARTLET_SEED") ?? UInt64.random(in: 0..<1_000_000)
    static let runs = Int(environment("MARTLET_RUNS") ?? 20)
    static let livesPerRun = 14

    private static func environment(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    @Test(arguments: 0..<8)
    func theLogIsWhatTheModelSays(part: Int) throws {
        var crashes = 0
        var duplicates = 0
        var refusals = 0
        var fullDisks = 0
        var postponements = 0
        for number in 0..<LogModelTests.runs {
            let seed = LogModelTests.seed &+ UInt64(part * 1_000_000 + number)
            var run = try LogModelRun(seed: seed)
            do {
                for _ in 0..<LogModelTests.livesPerRun { try run.live() }
            } catch let failure as ModelFailure {
                Issue.record("run \(seed): \(failure)\n\(run.trace.suffix(60).joined(separator: "\n"))")
                return
            }
            crashes += run.crashes
            duplicates += run.duplicates
            refusals += run.refusals
            fullDisks += run.fullDisks
            postponements += run.postponements
        }
        print(
            "log model: MARTLET_SEED=\(LogModelTests.seed) part=\(part) crashes=\(crashes) duplicates=\(duplicates) "
                + "refusals=\(refusals) full-disks=\(fullDisks) postponed=\(postponements)")
        #expect(crashes >= LogModelTests.runs * LogModelTests.livesPerRun / 2)
    }
}
