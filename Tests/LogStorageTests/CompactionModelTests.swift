import Files
import Simulator
import Testing

/// A compacted log and a model of it through hundreds of power losses: the newest value of each key is there, nothing
/// comes back from behind a tombstone, order and offsets are kept, and producers are known.
///
/// `MARTLET_SEED` repeats a run, `MARTLET_RUNS` makes more or fewer of them.
@Suite struct CompactionModelTests {
    @Test(arguments: 0..<8)
    func theLogIsWhatTheModelSays(part: Int) throws {
        var crashes = 0
        var passes = 0
        var interrupted = 0
        var swaps = 0
        for number in 0..<LogModelTests.runs {
            let seed = LogModelTests.seed &+ UInt64(part * 1_000_000 + number)
            var run = try CompactionModelRun(seed: seed)
            do {
                for _ in 0..<LogModelTests.livesPerRun { try run.live() }
            } catch let failure as ModelFailure {
                Issue.record("run \(seed): \(failure)\n\(run.trace.suffix(60).joined(separator: "\n"))")
                return
            }
            crashes += run.crashes
            passes += run.passes
            interrupted += run.interrupted
            swaps += run.swaps
        }
        print(
            "compaction model: MARTLET_SEED=\(LogModelTests.seed) part=\(part) crashes=\(crashes) passes=\(passes) "
                + "interrupted=\(interrupted) swaps=\(swaps)")
        #expect(passes >= LogModelTests.runs && interrupted > 0)
    }
}
