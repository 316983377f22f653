/// The table "Targets and the only imports allowed" of docs/ARCHITECTURE.md.
struct ImportTable {
    struct Row {
        let kind: String
        let imports: Set<String>
    }

    let rows: [String: Row]

    static let current = ImportTable(markdown: Repository.text(of: "docs/ARCHITECTURE.md"))

    init(markdown: String) {
        var rows: [String: Row] = [:]
        for line in markdown.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { String($0) }
            guard cells.count == 4, let target = ImportTable.names(in: cells[0]).first else { continue }
            rows[target] = Row(kind: cells[1].filter { $0 != " " }, imports: Set(ImportTable.names(in: cells[3])))
        }
        self.rows = rows
    }

    var cores: [String] { rows.filter { $0.value.kind == "core" }.keys.sorted() }

    /// What the target names and what its own modules may import in turn; system modules are not handed on.
    func allowedImports(of target: String) -> Set<String> {
        var allowed = rows[target]?.imports ?? []
        var open = Array(allowed)
        while let next = open.popLast() {
            for module in rows[next]?.imports ?? [] where rows[module] != nil && allowed.insert(module).inserted {
                open.append(module)
            }
        }
        return allowed
    }

    private static func names(in cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }
}
