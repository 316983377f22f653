import Glibc

/// Milliseconds since 1970 by the system's clock.
public func wallClockMs() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// Appends a time as `2026-11-25T20:45:56.192Z`.
func appendTimestamp(_ timeMs: Int64, to line: inout [UInt8]) {
    let milliseconds = (timeMs % 1_000 + 1_000) % 1_000
    let seconds = (timeMs - milliseconds) / 1_000
    let ofDay = (seconds % 86_400 + 86_400) % 86_400
    let (year, month, day) = civilDate(daysSince1970: (seconds - ofDay) / 86_400)
    append(year, width: 4, to: &line)
    line.append(UInt8(ascii: "-"))
    append(month, width: 2, to: &line)
    line.append(UInt8(ascii: "-"))
    append(day, width: 2, to: &line)
    line.append(UInt8(ascii: "T"))
    append(ofDay / 3_600, width: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    append(ofDay / 60 % 60, width: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    append(ofDay % 60, width: 2, to: &line)
    line.append(UInt8(ascii: "."))
    append(milliseconds, width: 3, to: &line)
    line.append(UInt8(ascii: "Z"))
}

private func append(_ number: Int64, width: Int, to line: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
        line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
        divisor /= 10
    }
}

/// The Gregorian date of a day. Years are counted from March here, so that the leap day is a year's last.
private func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let days = daysSince1970 + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}
