import Testing

/// What a reader may take for granted, because these tests do not let it into the code.
struct BannedWordTests {
    @Test func coresDoNoIOAndHaveNoClockOrRandomness() {
        for file in Repository.sources where ImportTable.current.cores.contains(file.module) {
            for use in file.uses(of: Exceptions.outsideWorld) {
                Issue.record("\(file):\(use.line) a core may not use \(use.word)")
            }
            for line in file.lines(with: ["UUID", ".", "random", "(", ")"]) {
                Issue.record("\(file):\(line) a core is given its randomness")
            }
            for call in ["random", "shuffled", "shuffle", "randomElement"] where file.module != "Bytes" {
                for line in file.lines(with: [".", call, "(", ")"]) {
                    Issue.record("\(file):\(line) a core is given its randomness")
                }
            }
        }
    }

    @Test func serverHasNoSwiftConcurrency() {
        for file in Repository.sources {
            for use in file.uses(of: ["async", "await", "actor", "Task"]) {
                Issue.record("\(file):\(use.line) \(use.word): work belongs to a shard")
            }
        }
    }

    @Test func locksAreWhereTheyAreListed() {
        for file in Repository.sources where Exceptions.reason(for: file, in: Exceptions.locks) == nil {
            for use in file.uses(of: ["Mutex", "Atomic", "pthread_mutex_t"]) {
                Issue.record("\(file):\(use.line) \(use.word) is not expected here")
            }
        }
    }

    @Test func uncheckedIsolationIsWhereItIsListed() {
        for file in Repository.sources where Exceptions.reason(for: file, in: Exceptions.unchecked) == nil {
            let lines = file.lines(with: ["@", "unchecked"]) + file.lines(with: ["nonisolated", "(", "unsafe"])
            for line in lines { Issue.record("\(file):\(line) isolation that the compiler does not check") }
        }
    }

    @Test func exceptionsAreStillNeeded() {
        for (place, _) in Exceptions.locks + Exceptions.unchecked {
            #expect(Repository.sources.contains { $0.path.hasPrefix(place) }, "\(place) is gone")
        }
    }

    @Test func nothingIsForced() {
        for file in Repository.swiftFiles {
            for line in file.forcedTries { Issue.record("\(file):\(line) try!") }
        }
    }

    @Test func nothingIsLeftForLater() {
        for file in Repository.swiftFiles {
            for word in ["TODO", "FIXME", "XXX", "HACK"] where file.comments.contains(word) {
                Issue.record("\(file) has a \(word)")
            }
        }
    }

    @Test func outputGoesThroughTheLoggerOrTheCommandLine() {
        let mayPrint: Set = ["martlet", "MessageGenerator"]
        for file in Repository.sources where !mayPrint.contains(file.module) {
            for use in file.uses(of: ["print", "debugPrint", "dump", "fputs", "puts", "printf"]) {
                Issue.record("\(file):\(use.line) \(use.word)")
            }
        }
    }
}
