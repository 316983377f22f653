/// Times as people write them, and the wire's milliseconds since 1970.
enum Instant {
    /// Reads `2026-11-25T20:45:56Z`, with `.192`, with `+01:00` in place of `Z`, without seconds, or the date alone (UTC).
    static func milliseconds(_ text: String) -> Int64? {
        var reader = FieldReader(text)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), (1...12).contains(month), (1...daysIn(month, year)).contains(day)
        else { return nil }
        let days = daysSince1970(year, month, day)
        if reader.isAtEnd { return days * 86_400_000 }
        guard reader.take("T") || reader.take(" "), let hour = reader.number(2), hour < 24, reader.take(":"),
            let minute = reader.number(2), minute < 60
        else { return nil }
        var milliseconds = (days * 86_400 + hour * 3_600 + minute * 60) * 1_000
        if reader.take(":") {
            guard let second = reader.number(2), second < 60 else { return nil }
            milliseconds += second * 1_000
            if reader.take(".") {
                guard let fraction = reader.fraction() else { return nil }
                milliseconds += fraction
            }
        }
        guard let offset = reader.zoneOffset(), reader.isAtEnd else { return nil }
        return milliseconds - offset
    }

    /// Reads a length of time such as `90s`, `15m`, `2h` or `7d`, in milliseconds.
    static func duration(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()), count >= 0 else {
            return nil
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }

    /// Reads a length of time as ISO 8601 writes it, `P1DT2H3M4S` with any of its parts, in milliseconds.
    static func durationOfISO8601(_ text: String) -> Int64? {
        guard text.first == "P" else { return nil }
        var units: [(Character, Int64)] = [("D", 86_400_000)]
        var total: Int64 = 0
        var digits = ""
        var hasAny = false
        for character in text.dropFirst() {
            if character == "T", digits.isEmpty {
                units = [("H", 3_600_000), ("M", 60_000), ("S", 1_000)]
                hasAny = false
            } else if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                guard let index = units.firstIndex(where: { $0.0 == character }), let count = Int64(digits) else {
                    return nil
                }
                let (product, overflow) = count.multipliedReportingOverflow(by: units[index].1)
                let (sum, sumOverflow) = total.addingReportingOverflow(product)
                guard !overflow, !sumOverflow else { return nil }
                total = sum
                units.removeFirst(index + 1)
                digits = ""
                hasAny = true
            }
        }
        return hasAny && digits.isEmpty ? total : nil
    }

    /// The years 1 to 9999, which four digits can say.
    private static let writable: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// A time as `2026-11-25T20:45:56.192Z`; the number itself where the year has not four digits.
    static func text(_ milliseconds: Int64) -> String {
        guard writable.contains(milliseconds) else { return "\(milliseconds)" }
        let (days, ofDay) = divide(milliseconds, 86_400_000)
        let (year, month, day) = civilDate(days)
        let clock = "\(two(ofDay / 3_600_000)):\(two(ofDay / 60_000 % 60)):\(two(ofDay / 1_000 % 60))"
        let fraction = ofDay % 1_000
        return "\(year)-\(two(month))-\(two(day))T\(clock).\(fraction < 100 ? "0" : "")\(two(fraction))Z"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func divide(_ value: Int64, _ unit: Int64) -> (Int64, Int64) {
        let rest = (value % unit + unit) % unit
        return ((value - rest) / unit, rest)
    }

    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // Years are counted from March in both, so that the leap day is a year's last.

    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let fromMarch = month > 2 ? month - 3 : month + 9
        let (era, yearOfEra) = divide(month > 2 ? year : year - 1, 400)
        let dayOfYear = (153 * fromMarch + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civilDate(_ daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = divide(daysSince1970 + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
    }
}

private struct FieldReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let byte = rest.popFirst(), byte >= 48, byte <= 57 else { return nil }
            value = value * 10 + Int64(byte - 48)
        }
        return value
    }

    /// The digits behind the point, in milliseconds; finer ones are dropped.
    mutating func fraction() -> Int64? {
        var value: Int64 = 0
        var unit: Int64 = 100
        var hasAny = false
        while let byte = rest.first, byte >= 48, byte <= 57 {
            value += Int64(byte - 48) * unit
            unit /= 10
            hasAny = true
            rest.removeFirst()
        }
        return hasAny ? value : nil
    }

    /// `Z`, `+01:00`, or nothing for UTC; in milliseconds.
    mutating func zoneOffset() -> Int64? {
        if isAtEnd || take("Z") { return 0 }
        let sign: Int64 = rest.first == UInt8(ascii: "-") ? -1 : 1
        guard take("+") || take("-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes) * 60_000
    }
}
