import Simulator
import Testing

/// Random appends, snapshots, restarts, kills and power losses, at any call: what was acknowledged is there afterwards.
@Suite struct StoreCrashTests {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func whatIsAcknowledgedSurvives(part: UInt64) throws {
        print("EmbeddedStore crashes: MARTLET_SEED=\(testSeed), part \(part)")
        var crashes = 0
        for round in 0..<12 as Range<UInt64> {
            let seed = (testSeed &+ part) &* 1000 &+ round
            var run = try StoreModelRun(seed: seed)
            do {
                for _ in 0..<StoreModelRun.lives { try run.live() }
            } catch let failure as ModelFailure {
                Issue.record("run \(seed): \(failure)\n\(run.trace.suffix(60).joined(separator: "\n"))")
                return
            }
            crashes += run.crashes
        }
        #expect(crashes > 50)
    }
}
