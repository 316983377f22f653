import Testing

/// Which module may know which: docs/ARCHITECTURE.md says so, these tests hold the code to it.
struct ImportTests {
    static let free: Set = ["Swift", "Synchronization"]

    @Test func everyTargetHasARow() {
        #expect(!Repository.modules.isEmpty)
        #expect(Set(ImportTable.current.rows.keys) == Set(Repository.modules))
    }

    @Test func everyImportIsAllowed() {
        for file in Repository.sources {
            let allowed = ImportTable.current.allowedImports(of: file.module).union(Self.free)
            for named in file.imports where !allowed.contains(named.module) {
                Issue.record("\(file):\(named.line) \(file.module) may not import \(named.module)")
            }
        }
    }

    @Test func noTargetReachesItself() {
        for target in ImportTable.current.rows.keys.sorted() {
            #expect(!ImportTable.current.allowedImports(of: target).contains(target), "\(target) closes a circle")
        }
    }

    @Test func tableIsReadWithItsClosure() {
        let table = ImportTable(
            markdown: """
                | Target | Kind | Responsibility | May import |
                |---|---|---|---|
                | `A` | leaf | words | `Glibc` |
                | `B` | core | words | `A` |
                | `C` | shell | words | `B`, `D` |
                """)
        #expect(table.allowedImports(of: "C") == ["A", "B", "D"])
        #expect(table.allowedImports(of: "A") == ["Glibc"])
        #expect(table.cores == ["B"])
    }
}
