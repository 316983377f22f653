import Files
import LogStorage
import Records
import Simulator
import Testing

struct RecoveryTests {
    let directory: TemporaryDirectory
    let harness: LogHarness

    init() throws {
        directory = try TemporaryDirectory()
        harness = try LogHarness(RealFileSystem(), directory.path + "/t-0", configuration: .small)
    }

    private func fill(_ count: Int, valueSize: Int = 60) throws {
        for index in 0..<count {
            try harness.append(
                Batch(count: 1 + index % 3, timestamp: 1_700_000_000_000 + Int64(index) * 10, valueSize: valueSize))
        }
    }

    /// The content of all index files.
    private func indexes() throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for name in try harness.fileSystem.list(harness.directory) where name.hasSuffix("index") {
            found[name] = try harness.content(name)
        }
        return found
    }

    private func cuts() throws -> [String] {
        try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(".cut") }
    }

    @Test(arguments: [nil, 0, 60, 119] as [Int64?]) func afterAKillEverythingWrittenIsThere(recoveryPoint: Int64?)
        throws
    {
        try fill(60)
        #expect(harness.log.segmentCount > 2)
        let all = try harness.offsets()
        try harness.reopen(cleanly: false, recoveryPoint: recoveryPoint)
        #expect(harness.events.allSatisfy { $0.level == .info })
        #expect(try harness.offsets() == all)
        #expect(harness.log.syncedOffset == harness.log.logEndOffset)
        try fill(10)
        #expect(try harness.offsets().count == 70)
    }

    @Test func onlyWhatLiesPastTheRecoveryPointIsChecked() throws {
        try fill(60)
        let end = harness.log.logEndOffset
        try harness.reopen(cleanly: false, recoveryPoint: end)
        #expect(harness.events.contains(.recovered(start: 0, end: end, checkedBytes: 0)))
        let last = try harness.bytes(from: end - 1, maximumBytes: 1).count
        try harness.reopen(cleanly: false, recoveryPoint: end - 1)
        #expect(harness.events.contains(.recovered(start: 0, end: end, checkedBytes: Int64(last))))
    }

    @Test func aTornTailIsCutAtEveryByte() throws {
        try fill(2)
        let start = try harness.content(firstLog).count
        let offset = harness.log.logEndOffset
        try harness.append(Batch(count: 2))
        let whole = try harness.content(firstLog)
        for size in start..<whole.count {
            try harness.replace(firstLog, with: Array(whole[..<size]))
            try harness.reopen(cleanly: false, recoveryPoint: offset)
            #expect(harness.log.logEndOffset == offset)
            #expect(try harness.content(firstLog).count == start)
            // Bytes that are all zero say nothing, and the first ones of the offset are.
            if size >= start + 8 {
                let cut = "\(firstLog.dropLast(5))\(offset).cut"
                #expect(try harness.content(cut) == Array(whole[start..<size]))
                #expect(
                    harness.events.contains(
                        .tailCut(
                            offset: offset, bytes: Int64(size - start), keptAs: cut, hasValidBatchBehind: false)))
            }
        }
        #expect(try harness.append(Batch()).baseOffset == offset)
        #expect(try harness.offsets().last == offset...offset)
    }

    @Test func anyChangedByteOfTheTailIsSeen() throws {
        try fill(2)
        let start = try harness.content(firstLog).count
        let offset = harness.log.logEndOffset
        try harness.append(Batch(count: 2))
        let whole = try harness.content(firstLog)
        for position in start..<whole.count {
            // The leader epoch lies outside the checksum.
            if (start + 12)..<(start + 16) ~= position { continue }
            var bytes = whole
            bytes[position] ^= 0x40
            try harness.replace(firstLog, with: bytes)
            try harness.reopen(cleanly: false, recoveryPoint: offset)
            // So does the base offset: a larger one is a gap, which compaction leaves too.
            if start..<(start + 8) ~= position, harness.log.logEndOffset > offset { continue }
            #expect(harness.log.logEndOffset == offset, "byte \(position - start)")
        }
    }

    @Test func aTailOfZerosIsCutWithoutKeepingIt() throws {
        try fill(3)
        let offset = harness.log.logEndOffset
        try harness.replace(firstLog, with: try harness.content(firstLog) + [UInt8](repeating: 0, count: 5000))
        try harness.reopen(cleanly: false, recoveryPoint: offset)
        #expect(harness.log.logEndOffset == offset)
        #expect(try cuts() == [])
        #expect(
            harness.events.contains(
                .tailCut(offset: offset, bytes: 5000, keptAs: nil, hasValidBatchBehind: false)))
    }

    @Test func pastTheRecoveryPointTheLogEndsAtTheFirstBadBatchAndSaysWhatStoodBehind() throws {
        try fill(60)
        let all = try harness.offsets()
        let names = try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(".log") }
        let second = names[1]
        var bytes = try harness.content(second)
        bytes[100] ^= 1
        try harness.replace(second, with: bytes)
        try harness.reopen(cleanly: false, recoveryPoint: 2)
        let base = try #require(Int64(second.dropLast(4)))
        #expect(harness.log.logEndOffset == base)
        #expect(try harness.offsets() == all.filter { $0.upperBound < base })
        #expect(try cuts() == names.dropFirst().map { "\($0.dropLast(4)).cut" })
        #expect(harness.events.map(\.level).contains(.error))
        #expect(try harness.append(Batch()).baseOffset == base)
        try harness.reopen()
        #expect(harness.log.logEndOffset == base + 1)
    }

    @Test func belowTheRecoveryPointDamageCostsOnlyItself() throws {
        try fill(60)
        let all = try harness.offsets()
        let whole = try harness.content(firstLog)
        let second = all[1]
        // In the length, the magic, the checksum, the attributes and the records.
        for position in [8, 16, 17, 22, 100] {
            var bytes = whole
            bytes[try harness.bytes(from: 0, maximumBytes: 1).count + position] ^= 0x21
            try harness.replace(firstLog, with: bytes)
            for isClean in [true, false] {
                try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: all[59].upperBound + 1)
                #expect(harness.log.logEndOffset == all[59].upperBound + 1)
                for offset in second {
                    guard case .corrupt(let range) = harness.read(from: offset) else {
                        Issue.record("offset \(offset) with byte \(position) was read")
                        continue
                    }
                    #expect(range == second.lowerBound..<(second.upperBound + 1))
                }
                #expect(try harness.bytes(from: 0).count < whole.count / 10)
                #expect(try harness.offsets(from: all[2].lowerBound) == Array(all[2...]))
            }
        }
    }

    @Test(arguments: [0, 1]) func bytesBetweenTwoBatchesLoseNoOffsets(position: Int) throws {
        for _ in 0..<3 { try harness.append(Batch(valueSize: 60)) }
        let all = try harness.offsets()
        let batch = try harness.bytes(from: 0, maximumBytes: 1).count
        var content = try harness.content(firstLog)
        content.insert(0xFF, at: position * batch)
        try harness.replace(firstLog, with: content)
        try harness.reopen(closing: false)
        // Batch by batch, so that the log remembers where the one behind the damage was to be.
        #expect(try harness.offsets(maximumBytes: batch) == all)
    }

    @Test func damageAtTheEndBelowTheRecoveryPointLosesNoOffsets() throws {
        try fill(10)
        let end = harness.log.logEndOffset
        var bytes = try harness.content(firstLog)
        bytes[bytes.count - 1] ^= 1
        try harness.replace(firstLog, with: bytes)
        try harness.reopen(cleanly: false, recoveryPoint: end)
        #expect(harness.log.logEndOffset == end)
        guard case .corrupt = harness.read(from: end - 1) else { Issue.record("read damage"); return }
        #expect(try harness.append(Batch()).baseOffset == end)
        #expect(try harness.offsets(from: end) == [end...end])
        try harness.reopen(cleanly: false, recoveryPoint: end + 1)
        guard case .corrupt = harness.read(from: end - 1) else { Issue.record("read damage"); return }
        #expect(try harness.offsets(from: end) == [end...end])
    }

    @Test func aShortLogIsReported() throws {
        try fill(10)
        let end = harness.log.logEndOffset
        try harness.replace(firstLog, with: [])
        try harness.reopen(cleanly: false, recoveryPoint: end)
        #expect(harness.events.contains(.endsBeforeRecoveryPoint(end: 0, recoveryPoint: end)))
    }

    @Test func missingIndexesAreMadeAnew() throws {
        try fill(60)
        _ = try harness.log.close()?.perform()
        let whole = try indexes()
        #expect(whole.count >= 6)
        for name in whole.keys { try harness.fileSystem.removeFile(harness.path(name)) }
        try harness.reopen(closing: false)
        #expect(harness.events.contains(.indexRebuilt(baseOffset: 0)))
        #expect(try harness.offsets().count == 60)
        _ = try harness.log.close()?.perform()
        let rebuilt = try indexes()
        #expect(rebuilt.keys.sorted() == whole.keys.sorted())
        for (name, bytes) in rebuilt { #expect(bytes == whole[name], "\(name)") }
    }

    @Test func aLogThatWasNotUsedIsNotTouchedByItsStop() throws {
        for count in [0, 3, 60] {
            try fill(count)
            try harness.reopen()
            #expect(harness.log.close() == nil)
            try harness.reopen(closing: false)
        }
        #expect(try harness.offsets().count == 63)
    }

    @Test(arguments: [0, 1, 5, 11]) func badIndexesAreMadeAnew(kind: Int) throws {
        try fill(60)
        _ = try harness.log.close()?.perform()
        let whole = try indexes()
        for (name, bytes) in whole {
            switch kind {
            case 0: try harness.replace(name, with: [UInt8](repeating: 0xFF, count: bytes.count))
            case 1: try harness.replace(name, with: Array(bytes.dropLast()))
            case 5: try harness.replace(name, with: bytes + [0, 0, 0, 0, 0, 0, 0])
            default: try harness.replace(name, with: [UInt8](repeating: 0, count: bytes.count))
            }
        }
        try harness.reopen(closing: false)
        #expect(try harness.offsets().count == 60)
        for offset in 0..<harness.log.logEndOffset {
            let header = try harness.bytes(from: offset, maximumBytes: 1).withUnsafeBytes { try RecordBatchHeader($0) }
            #expect(header.baseOffset <= offset && header.lastOffset >= offset)
        }
    }

    @Test func anIndexThatIsWrongInTheMiddleMisleadsNobody() throws {
        for index in 0..<400 { try harness.append(Batch(count: 1 + index % 3, valueSize: 10 + index % 50)) }
        let all = try harness.offsets()
        _ = try harness.log.close()?.perform()
        for (name, bytes) in try indexes() where name.hasSuffix(".index") {
            var bytes = bytes
            for position in stride(from: 5, to: bytes.count, by: 8) { bytes[position] &+= 3 }
            try harness.replace(name, with: bytes)
        }
        for isClean in [true, false] {
            try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: harness.log.logEndOffset)
            #expect(try harness.offsets(maximumBytes: 700) == all)
        }
    }

    @Test func whatInterruptedOperationsLeftIsRemoved() throws {
        try fill(20)
        let names = [
            "00000000000000000000.log.cleaned", "00000000000000000007.log.deleted", "leader-epoch-checkpoint.tmp",
            "00000000000000999999.index", "00000000000000999999.timeindex", "00000000000000000000.index.swap",
        ]
        for name in names { try harness.replace(name, with: [1, 2, 3]) }
        let count = try harness.offsets().count
        try harness.reopen(cleanly: false, recoveryPoint: 0)
        let left = try harness.fileSystem.list(harness.directory)
        #expect(names.allSatisfy { !left.contains($0) })
        #expect(try harness.offsets().count == count)
    }

    @Test func aFinishedReplacementIsCompleted() throws {
        try fill(60)
        let all = try harness.offsets()
        let second = try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(".log") }[1]
        let bytes = try harness.content(firstLog) + (try harness.content(second))
        _ = try harness.log.close()?.perform()
        try harness.replace(firstLog + ".swap", with: bytes)
        try harness.reopen(closing: false)
        #expect(harness.events.contains(.swapCompleted(baseOffset: 0)))
        #expect(try harness.content(firstLog) == bytes)
        #expect(try harness.offsets() == all)
    }

    /// Which segments go is only told by the replacement itself, where it ends.
    @Test(arguments: [true, false]) func aDamagedReplacementRemovesNoOtherSegment(isClean: Bool) throws {
        try fill(60)
        let (all, end) = (try harness.offsets(), harness.log.logEndOffset)
        let names = try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(".log") }
        var bytes = try harness.content(firstLog) + (try harness.content(names[1]))
        let last = try #require(bytes.withUnsafeBytes { try batchPositions($0) }.last)
        bytes[last + 5] ^= 1
        _ = try harness.log.close()?.perform()
        try harness.replace(firstLog + ".swap", with: bytes)
        try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: end)
        #expect(harness.events.contains(.swapCompleted(baseOffset: 0)))
        #expect(try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(".log") } == names)
        #expect(try harness.served().batches == all)
    }

    @Test func aReplacementThatCannotBeReadRemovesNothing() throws {
        let disk = SimulatedFileSystem(seed: 2)
        let harness = try LogHarness(disk, "/t-0", configuration: .small)
        for _ in 0..<60 { try harness.append(Batch(count: 2, valueSize: 100)) }
        let (all, end) = (try harness.offsets(), harness.log.logEndOffset)
        let names = try disk.list("/t-0").filter { $0.hasSuffix(".log") }
        let bytes = try harness.content(firstLog) + (try harness.content(names[1]))
        _ = try harness.log.close()?.perform()
        try harness.replace(firstLog + ".swap", with: bytes)
        disk.withFaults { $0.script(.read, on: ".swap", .broken) }
        #expect(throws: FileError.self) { try harness.reopen(cleanly: false, recoveryPoint: end) }
        #expect(try disk.list("/t-0").filter { $0.hasSuffix(".log") } == names)
        try harness.reopen(cleanly: false, recoveryPoint: end)
        #expect(try harness.content(firstLog) == bytes)
        #expect(try harness.offsets() == all)
    }

    @Test func theLogBeginsWhereTheCheckpointSays() throws {
        try fill(20)
        let end = harness.log.logEndOffset
        try harness.reopen(logStartOffset: 5)
        #expect(harness.log.logStartOffset == 5)
        guard case .offsetOutOfRange = harness.read(from: 4) else { Issue.record("before the start"); return }
        try harness.reopen(recoveryPoint: end + 10, logStartOffset: end + 10)
        #expect(harness.events.contains(.endsBeforeStart(end: end, start: end + 10)))
        #expect(harness.log.logEndOffset == end + 10)
        #expect(try harness.append(Batch()).baseOffset == end + 10)
        try harness.reopen(cleanly: false, recoveryPoint: 0, logStartOffset: end + 10)
        #expect(harness.log.logEndOffset == end + 11)
    }

    @Test func leaderEpochsSurviveAndAreFoundAnew() throws {
        for epoch in [0, 2, 5] {
            for _ in 0..<20 { try harness.append(Batch(count: 2, valueSize: 60), leaderEpoch: Int32(epoch)) }
        }
        func check(sourceLocation: SourceLocation = #_sourceLocation) {
            let ends: [(Int32, (Int32, Int64)?)] = [
                (0, (0, 40)), (1, (0, 40)), (2, (2, 80)), (4, (2, 80)), (5, (5, 120)), (6, nil), (-1, nil),
            ]
            for (epoch, end) in ends {
                let found = harness.log.offset(forLeaderEpoch: epoch)
                #expect(found?.epoch == end?.0 && found?.endOffset == end?.1, sourceLocation: sourceLocation)
            }
            #expect(harness.log.leaderEpoch(at: 79) == 2 && harness.log.leaderEpoch(at: 80) == 5)
        }
        check()
        #expect(try harness.content("leader-epoch-checkpoint").starts(with: Array("0\n3\n0 0\n2 40\n5 80".utf8)))
        try harness.reopen()
        check()
        try harness.reopen(cleanly: false, recoveryPoint: 0)
        check()
        try harness.replace("leader-epoch-checkpoint", with: Array("0\n9\n".utf8))
        try harness.reopen()
        check()
    }

    @Test func aLogIsCutBackForAFollower() throws {
        for index in 0..<60 {
            try harness.append(
                Batch(count: 2, valueSize: 60, producer: (1, 0, Int32(index * 2))), leaderEpoch: Int32(index / 20))
        }
        let all = try harness.offsets()
        for offset in [Int64(82), 40, 41, 6, 0] {
            let recovered = try LogRecovery.truncate(
                directory: harness.directory, fileSystem: harness.fileSystem, configuration: harness.configuration,
                to: offset, logStartOffset: nil, now: harness.now)
            harness.log = Log(recovered)
            #expect(harness.log.logEndOffset == offset & ~1)
            #expect(try harness.offsets() == all.filter { $0.upperBound < offset })
            let producers = harness.log.activeProducers
            #expect(producers.map(\.lastSequence) == (offset == 0 ? [] : [Int32(offset & ~1) - 1]))
        }
        #expect(try harness.append(Batch()).baseOffset == 0)
    }
}
