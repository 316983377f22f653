/// Something that is not as it should be, and what to do about it.
struct Finding: Sendable, Equatable {
    enum Severity: String, Sendable, CaseIterable {
        /// It does not work, or data is in danger.
        case error
        /// It works, and may stop to.
        case warning
        /// Worth to know; it may be meant like that.
        case note
    }

    /// Names the kind of finding for programs: `clock.unsynchronised`.
    let code: String
    let severity: Severity
    /// What was found.
    let what: String
    /// Why it matters.
    let why: String
    /// A command or a setting that mends it.
    let fix: String
}

/// What a look at a broker's surroundings, or at a cluster, has brought.
struct Diagnosis: Sendable {
    /// Something that was looked at, and how it is.
    struct Observation: Sendable, Equatable {
        let subject: String
        let state: String
    }

    private(set) var observations: [Observation] = []
    /// In the order in which they were found.
    private(set) var findings: [Finding] = []

    mutating func observe(_ subject: String, _ state: String) {
        observations.append(Observation(subject: subject, state: state))
    }

    mutating func find(_ severity: Finding.Severity, _ code: String, _ what: String, why: String, fix: String) {
        findings.append(Finding(code: code, severity: severity, what: what, why: why, fix: fix))
    }

    func count(_ severity: Finding.Severity) -> Int { findings.count { $0.severity == severity } }

    /// - Parameter isStrict: warnings count as errors do.
    func isHealthy(isStrict: Bool) -> Bool {
        count(.error) == 0 && (!isStrict || count(.warning) == 0)
    }
}
