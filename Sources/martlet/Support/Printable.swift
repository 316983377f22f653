extension StringProtocol {
    /// As it can be shown on a line of a terminal: control characters, which could move the cursor or begin another line,
    /// are written as `\u{1b}`.
    var printable: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
