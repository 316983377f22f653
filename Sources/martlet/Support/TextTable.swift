/// Rows of text under headings, in columns as wide as they need to be.
struct TextTable {
    private var rows: [[String]]
    private let indentation: String

    init(_ headings: [String], indentation: Int = 0) {
        rows = [headings]
        self.indentation = String(repeating: " ", count: indentation)
    }

    var isEmpty: Bool { rows.count == 1 }

    /// Adds a row, which has a cell for each heading.
    mutating func append(_ row: [String]) { rows.append(row.map(\.printable)) }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for row in rows {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var line = indentation + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
