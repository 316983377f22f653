import CommandLine

// MARK: - For people

extension Diagnosis {
    func text(_ style: Style) -> String {
        let width = observations.map(\.subject.count).max() ?? 0
        var text = ""
        for observation in observations {
            let padding = String(repeating: " ", count: width - observation.subject.count)
            text += "\(style.dim(observation.subject))\(padding)  \(observation.state)\n"
        }
        for severity in Finding.Severity.allCases {
            for finding in findings where finding.severity == severity {
                text += "\n\(style.label(severity))  \(style.bold(finding.what))  \(style.dim("[\(finding.code)]"))\n"
                text += "  \(finding.why)\n  \(style.green("fix")) \(finding.fix)\n"
            }
        }
        return text + "\n\(summary)\n"
    }

    private var summary: String {
        if findings.isEmpty { return "nothing is wrong" }
        return Finding.Severity.allCases.compactMap { severity in
            let count = count(severity)
            return count == 0 ? nil : counted(count, severity.rawValue)
        }.joined(separator: ", ")
    }
}

extension Style {
    fileprivate func label(_ severity: Finding.Severity) -> String {
        switch severity {
        case .error: red(severity.rawValue)
        case .warning: yellow(severity.rawValue)
        case .note: cyan(severity.rawValue)
        }
    }
}

// MARK: - For programs

extension Diagnosis {
    var json: [UInt8] {
        var output = Array("{\"errors\":\(count(.error)),\"warnings\":\(count(.warning))".utf8)
        output.append(contentsOf: ",\"notes\":\(count(.note)),\"observations\":[".utf8)
        output.appendList(observations) { output, observation in
            output.appendJSON(members: [("subject", observation.subject), ("state", observation.state)])
        }
        output.append(contentsOf: "],\"findings\":[".utf8)
        output.appendList(findings) { output, finding in
            output.appendJSON(members: [
                ("code", finding.code), ("severity", finding.severity.rawValue), ("what", finding.what),
                ("why", finding.why), ("fix", finding.fix),
            ])
        }
        output.append(contentsOf: "]}\n".utf8)
        return output
    }
}

extension [UInt8] {
    /// Appends a JSON object of strings.
    fileprivate mutating func appendJSON(members: [(name: String, value: String)]) {
        for (index, member) in members.enumerated() {
            append(UInt8(ascii: index == 0 ? "{" : ","))
            appendJSON(member.name.utf8)
            append(UInt8(ascii: ":"))
            appendJSON(member.value.utf8)
        }
        append(UInt8(ascii: "}"))
    }
}
