/// Bytes as people read them: `0 B`, `812 B`, `1.5 KiB`, `24.0 GiB`.
func byteCountText(_ bytes: Int64) -> String {
    var parts = bytes.magnitude
    guard parts >= 1024 else { return "\(bytes) B" }
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    while parts >= 1024 << 10, unit < units.count - 1 {
        parts >>= 10
        unit += 1
    }
    // A unit has 1024 parts, and tenths are rounded down, so that 1023.99 stays below the next unit.
    let rest = (parts & 1023) * 10 / 1024
    return "\(bytes < 0 ? "-" : "")\(parts >> 10).\(rest) \(units[unit])"
}
