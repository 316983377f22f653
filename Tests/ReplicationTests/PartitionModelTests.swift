import Glibc
import Simulator
import Testing

/// Partitions of two shards in one directory through hundreds of power losses and failed syncs: what a producer was told is
/// stored, and what a consumer could read, is there.
///
/// `MARTLET_SEED` repeats a run, `MARTLET_RUNS` makes more or fewer of them.
@Suite struct PartitionModelTests {
    private static let seed = environment("MARTLET_SEED") ?? UInt64.random(in: 0..<1_000_000)
    private static let runs = environment("MARTLET_RUNS") ?? 20

    private static func environment(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func whatWasPromisedIsThere(part: UInt64) throws {
        var (crashes, acknowledged, failedRounds) = (0, 0, 0)
        for number in 0..<PartitionModelTests.runs {
            let seed = PartitionModelTests.seed &+ part * 1_000_000 &+ number
            var run = try PartitionModelRun(seed: seed)
            do {
                for _ in 0..<PartitionModelRun.lives { try run.live() }
            } catch let failure as ModelFailure {
                Issue.record("run \(seed): \(failure)\n\(run.trace.suffix(60).joined(separator: "\n"))")
                return
            }
            crashes += run.crashes
            acknowledged += run.acknowledged
            failedRounds += run.failedRounds
        }
        print(
            "partition model: MARTLET_SEED=\(PartitionModelTests.seed) part=\(part) crashes=\(crashes) "
                + "acknowledged=\(acknowledged) failed-rounds=\(failedRounds)")
        #expect(acknowledged > 0 && failedRounds > 0)
    }
}
