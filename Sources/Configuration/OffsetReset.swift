/// Where a reader begins that has no offset.
enum OffsetReset {
    static func isValid(_ text: String) -> Bool {
        let prefix = "by_duration:"
        guard text.hasPrefix(prefix) else { return text == "earliest" || text == "latest" }
        return isDuration(text.dropFirst(prefix.count))
    }

    /// `PnDTnHnMn.nS` with at least one part, none of them negative.
    private static func isDuration(_ text: Substring) -> Bool {
        var rest = text.uppercased()[...]
        guard rest.popFirst() == "P" else { return false }
        let parts = rest.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        let hasDays = !parts[0].isEmpty
        guard areParts(parts[0], units: "D", fractionOf: nil) else { return false }
        guard parts.count == 2 else { return hasDays }
        return !parts[1].isEmpty && areParts(parts[1], units: "HMS", fractionOf: "S")
    }

    /// Numbers, each with its unit, in the order of the units; one unit's number may have a fraction.
    private static func areParts(_ text: Substring, units: String, fractionOf fractional: Character?) -> Bool {
        var (rest, units) = (text, units[...])
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            guard let unit = rest.popFirst(), let place = units.firstIndex(of: unit) else { return false }
            units = units[units.index(after: place)...]
            let pieces = number.split(separator: ".", omittingEmptySubsequences: false)
            guard pieces.count <= (unit == fractional ? 2 : 1), pieces.allSatisfy({ !$0.isEmpty }) else { return false }
        }
        return true
    }
}
