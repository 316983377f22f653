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
            if try scene.isUnknowable(position, bit, in: names[file]) { continue }
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

    /// No checksum covers base offsets. After a compaction neighbours do not tell them either: then both are said to be lost.
    @Test(arguments: [true, false]) func noBatchIsServedForAnother(isClean: Bool) throws {
        let scene = try DamageScene.make(isClean: isClean)
        var sampler = DamageSampler(each: 11)
        var faults: [String] = []
        for name in scene.files.keys.sorted() where name.hasSuffix(".log") {
            let content = try #require(scene.files[name])
            for position in content.indices {
                guard try scene.isBaseOffset(position, in: name) else { continue }
                for bit in 0..<8 where sampler.takesNext() {
                    if try scene.isUnknowable(position, bit, in: name) { continue }
                    var damaged = content
                    damaged[position] ^= 1 << UInt8(bit)
                    for partition in scene.owners(of: name) {
                        let outcome = try scene.examine(partition, on: scene.disk(for: partition, name, damaged))
                        faults += outcome.faults.prefix(1).map { "\(name) at \(position), bit \(bit): \($0)" }
                    }
                }
            }
        }
        #expect(faults.isEmpty, "\(faults.count): \(faults.prefix(20).joined(separator: "\n"))")
    }
}
