import Bytes
import Files
import LogStorage
import Simulator
import Testing

/// Every small file of a partition and of its log directory, cut at every length and changed in every bit (or at some
/// lengths and in some bits, see `DamageSampler`): what the log answers is what it held, or the damage is named.
struct SmallFileDamageTests {
    private static let bits: [UInt8] = (0..<8).map { 1 << $0 }

    /// Which kind of file a name is of.
    private static func kind(_ name: String) -> String {
        let last = name.split(separator: "/").last.map(String.init) ?? name
        return last.first?.isNumber == true ? String(last.split(separator: ".")[1]) : last
    }

    @Test(arguments: [true, false]) func nothingThatIsDamagedMisleads(isClean: Bool) throws {
        let scene = try DamageScene.make(isClean: isClean)
        var counts: [String: [DamageOutcome.Verdict: Int]] = [:]
        var faults: [String] = []
        var sampler = DamageSampler(each: 31)
        for name in SmallFileDamageTests.files(of: scene) {
            let content = scene.files[name] ?? []
            // Those have a checksum of their own, and are long.
            let bits = name.hasSuffix(".snapshot") ? [UInt8(0x10)] : SmallFileDamageTests.bits
            for (damage, damaged) in SmallFileDamageTests.damages(of: content, bits, &sampler) {
                for partition in scene.owners(of: name) {
                    let outcome = try scene.examine(partition, on: scene.disk(for: partition, name, damaged))
                    if let fault = outcome.faults.first { faults.append("\(name) \(damage): \(fault)") }
                    counts[SmallFileDamageTests.kind(name), default: [:]][outcome.verdict, default: 0] += 1
                }
            }
        }
        #expect(faults.isEmpty, "\(faults.count): \(faults.prefix(20).joined(separator: "\n"))")
        for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
            print(
                "damage: clean=\(isClean) file=\(kind) \(count.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " "))"
            )
        }
    }

    /// Of each kind in each directory the longest and the newest.
    private static func files(of scene: DamageScene) -> [String] {
        let names = scene.files.keys.filter { !$0.hasSuffix(".log") && !$0.hasSuffix(".cut") }.sorted()
        let groups = Dictionary(grouping: names) { "\($0.split(separator: "/")[0]) \(kind($0))" }
        return groups.values.flatMap { group in
            let longest = group.max { (scene.files[$0]?.count ?? 0) < (scene.files[$1]?.count ?? 0) }
            return Set([longest, group.last].compactMap(\.self))
        }.sorted()
    }

    /// Gone, cut at each length, each of the bits of each byte flipped: those of them that the sampler takes.
    static func damages(
        of content: [UInt8], _ bits: [UInt8], _ sampler: inout DamageSampler
    ) -> [(name: String, content: [UInt8]?)] {
        var all: [(name: String, content: [UInt8]?)] = [("gone", nil)]
        for size in content.indices where sampler.takesNext() {
            all.append(("cut at \(size)", Array(content[..<size])))
        }
        for position in content.indices {
            for bit in bits where sampler.takesNext() {
                var damaged = content
                damaged[position] ^= bit
                all.append(("at \(position) with \(bit)", damaged))
            }
        }
        return all
    }
}
