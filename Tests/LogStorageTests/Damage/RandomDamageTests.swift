import Bytes
import Files
import Glibc
import LogStorage
import Simulator
import Testing

/// Random flips of single bits over all files of a log directory.
///
/// `MARTLET_SEED` repeats a run, `MARTLET_FLIPS` makes more or fewer flips.
@Suite struct RandomDamageTests {
    private static let flips = getenv("MARTLET_FLIPS").flatMap { Int(String(cString: $0)) } ?? 1_000

    @Test(arguments: [true, false]) func noFlippedBitIsServed(isClean: Bool) throws {
        let scene = try DamageScene.make(isClean: isClean)
        var generator = SeededGenerator(seed: DamageSampler.seed &+ (isClean ? 0 : 1))
        let names = scene.files.filter { !$0.value.isEmpty }.keys.sorted()
        let sizes = names.map { scene.files[$0]?.count ?? 0 }
        let total = sizes.reduce(0, +)
        var counts: [DamageOutcome.Verdict: Int] = [:]
        var faults: [String] = []
        for _ in 0..<(RandomDamageTests.flips / 2) {
            var position = Int.random(in: 0..<total, using: &generator)
            var file = 0
            while position >= sizes[file] {
                position -= sizes[file]
                file += 1
            }
            let bit = Int.random(in: 0..<8, using: &generator)
            if try scene.isUnknowable(position, in: names[file]) { continue }
            var content = scene.files[names[file]] ?? []
            content[position] ^= 1 << UInt8(bit)
            for partition in scene.owners(of: names[file]) {
                let outcome = try scene.examine(partition, on: scene.disk(for: partition, names[file], content))
                counts[outcome.verdict, default: 0] += 1
                if let fault = outcome.faults.first {
                    faults.append("\(names[file]) at \(position), bit \(bit): \(fault)")
                }
            }
        }
        print(
            "random flips: MARTLET_SEED=\(DamageSampler.seed) clean=\(isClean) "
                + counts.sorted { $0.value > $1.value }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))
        #expect(faults.isEmpty, "\(faults.count): \(faults.prefix(20).joined(separator: "\n"))")
    }
}
