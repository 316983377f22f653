import Collections
import Testing

@Suite struct PersistentMapTests {
    /// A key whose hash the test chooses, so that paths and collisions are certain.
    private struct Key: Hashable, Sendable {
        let id: Int
        let hash: Int

        func hash(into hasher: inout Hasher) { hasher.combine(hash) }
    }

    @Test(arguments: [1, 7, 1_000_000])
    func behavesAsADictionary(_ distinctHashes: Int) {
        var random = SystemRandomNumberGenerator()
        var map = PersistentMap<Key, Int>()
        var model: [Key: Int] = [:]
        for step in 0..<4_000 {
            let id = Int.random(in: 0..<500, using: &random)
            let key = Key(id: id, hash: id % distinctHashes)
            if Int.random(in: 0..<3, using: &random) == 0 {
                map.removeValue(forKey: key)
                model[key] = nil
            } else {
                map[key] = step
                model[key] = step
            }
            #expect(map.count == model.count)
            #expect(map[key] == model[key])
        }
        #expect(Dictionary(uniqueKeysWithValues: map.map { ($0.key, $0.value) }) == model)
        for key in model.keys { #expect(map[key] == model[key]) }
        for key in Array(model.keys) { map[key] = nil }
        #expect(map.isEmpty)
        #expect(map.keys.isEmpty)
    }

    @Test func anOlderVersionStaysAsItWas() {
        var map: PersistentMap<Int, String> = [:]
        for number in 0..<10_000 { map[number] = "a" }
        let old = map
        for number in 0..<5_000 { map[number] = number.isMultiple(of: 2) ? nil : "b" }
        map[20_000] = "c"
        #expect(old.count == 10_000)
        #expect(old.allSatisfy { $0.value == "a" })
        #expect(map.count == 7_501)
        #expect(old[20_000] == nil)
    }

    @Test func equality() {
        var left: PersistentMap<Int, Int> = [1: 1, 2: 2, 3: 3]
        let right: PersistentMap<Int, Int> = [3: 3, 2: 2, 1: 1]
        #expect(left == right)
        left[3] = 4
        #expect(left != right)
        left[3] = nil
        #expect(left != right)
        left[3] = 3
        #expect(left == right)
    }

    @Test func absentKeysAreNotRemoved() {
        var map: PersistentMap<Key, Int> = [Key(id: 1, hash: 5): 1, Key(id: 2, hash: 5): 2]
        map.removeValue(forKey: Key(id: 3, hash: 5))
        map.removeValue(forKey: Key(id: 3, hash: 6))
        #expect(map.count == 2)
    }
}
