import Glibc

/// One input may take this much of the processor's time, in nanoseconds. What other processes take does not count.
private let timeLimit: UInt64 = 1_000_000_000

/// The target that `FUZZ_TARGET` names; libFuzzer's own arguments know nothing of targets.
private let target: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        print("FUZZ_TARGET names one of: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
        exit(2)
    }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
func runOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let begin = processorTime()
    target.run(UnsafeRawBufferPointer(start: start, count: count))
    let time = processorTime() - begin
    require(time <= timeLimit, "took \(time / 1_000_000) ms for \(count) bytes")
    return 0
}

private func processorTime() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
