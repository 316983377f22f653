import Bytes
import Configuration
import DiskScheduler
import Files
import KafkaProtocol
import LogStorage
import Logging
import Replication
import Runtime

/// Moves of partitions between log directories.
extension BrokerShard {
    /// With less than this to copy the partition is closed for the rest.
    private static let smallPass: Int64 = 8 << 20
    private static let maximumPasses = 16
    private static let restInterval = Interval.milliseconds(1)
    private static let openAgainInterval = Interval.seconds(5)

    /// Begins to move a partition. To the directory that has it: ends a move that is under way.
    func move(_ local: LocalPartition, to path: String) -> ErrorCode {
        guard let target = context.directories.firstIndex(where: { $0.path == path }) else { return .logDirNotFound }
        let id = local.partition.id
        let present = moves[id]
        if present?.target == target { return .none }
        if present?.isClosed == true { return .reassignmentInProgress }
        let isPossible = !disk.isFailed(target) && !disk.isFailed(local.directory) && local.partition.failure == nil
        guard target == local.directory || isPossible else { return .kafkaStorageError }
        if let present {
            present.isCancelled = true
            moves[id] = nil
            local.takesAppends = true
        }
        guard target != local.directory else { return .none }
        let future = context.directories[target].directory.futurePath(of: id, token: .random(using: &random))
        let move = LogMove(
            local, target: target, copy: LogCopy(of: local.log.directory, to: future, context.fileSystem))
        moves[id] = move
        log.info("moving partition", metadata: ["partition": "\(id)", "to": "\(path)"])
        // Its segments have to stay as they are; while it moves none of them is compacted.
        compactor.end(local.partition.topicID) { [self] in copyMore(move) }
        return .none
    }

    /// Goes on with the moves that the last run did not finish, once all logs are open. They copy everything anew.
    func resumeMoves() {
        guard !hasResumedMoves, openings.isIdle else { return }
        hasResumedMoves = true
        let arriving = context.directories.enumerated().filter { !$0.element.arriving.isEmpty }
        if arriving.isEmpty { return }
        for local in Array(localPartitions) {
            let id = local.partition.id
            guard let target = arriving.first(where: { $0.element.arriving.contains(id) })?.offset else { continue }
            _ = move(local, to: context.directories[target].path)
        }
    }

    private func isUnderWay(_ move: LogMove) -> Bool {
        !move.isCancelled && move.local.partition.failure == nil
            && local(move.local.partition.topicID, move.id.partition) === move.local
    }

    private func copyMore(_ move: LogMove) {
        guard isUnderWay(move) else { return abandon(move) }
        let (position, end, copy) = (move.local.log.copyPosition, move.local.log.writtenOffset, move.copy)
        let limit = configuration.quotas.moveBytesPerSecond
        let bytes = limit.map { BrokerShard.chunk($0) } ?? .max
        runOnPool({ copy.advanced(to: position, atMost: bytes) }) { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let error): abandon(move, because: error)
            case .success(let pass):
                move.copy = pass.copy
                if pass.copy.isCaughtUp { move.copiedOffset = end }
                copied(pass.bytes, by: move, limit)
            }
        }
    }

    /// What is copied at a time within a limit: a quarter of a second's worth, so that the pace is even and a change of the
    /// limit is soon taken up.
    private static func chunk(_ bytesPerSecond: Int64) -> Int64 { min(max(bytesPerSecond / 4, 1), smallPass) }

    private func copied(_ bytes: Int64, by move: LogMove, _ limit: Int64?) {
        move.sweepBytes += bytes
        if let limit, bytes > 0 {
            let pause = context.movePace.copied(bytes, bytesPerSecond: limit, now: loop.now)
            loop.schedule(after: pause) { [weak self] in self?.goOn(move, limit) }
        } else {
            goOn(move, limit)
        }
    }

    /// Copies on, or closes the partition for the rest, which has to be little: producers wait for it. Within a limit a move
    /// may take for ever when more is produced, as in Kafka.
    private func goOn(_ move: LogMove, _ limit: Int64?) {
        guard isUnderWay(move) else { return abandon(move) }
        guard move.copy.isCaughtUp else { return copyMore(move) }
        let sweep = move.sweepBytes
        move.sweepBytes = 0
        move.passes += 1
        let rest = limit.map { BrokerShard.chunk($0) } ?? BrokerShard.smallPass
        if sweep > rest, limit != nil || move.passes < BrokerShard.maximumPasses { return copyMore(move) }
        move.local.takesAppends = false
        closeWhenAtRest(move)
    }

    private func closeWhenAtRest(_ move: LogMove) {
        guard isUnderWay(move) else { return abandon(move) }
        guard move.local.log.isAtRest else {
            disk.requestSync(move.local)
            loop.schedule(after: BrokerShard.restInterval) { [weak self] in self?.closeWhenAtRest(move) }
            return
        }
        guard let entry = topics[move.local.partition.topicID] else { return abandon(move) }
        move.isClosed = true
        entry.partitions[Int(move.id.partition)].partition = nil
        move.local.close()
        // A new topic of the same name would look for its place while there are two.
        openings.hold(move.id.topic)
        openings.beginInterruption()
        let (sync, copy) = (move.local.log.close(), move.copy)
        disk.retire([move.local]) { [weak self] in
            self?.runOnPool({ copy.finished(after: sync) }) { result in
                switch result {
                case .failure(let error): self?.reopen(move, because: error)
                case .success(let copy):
                    move.copy = copy
                    self?.keepCheckpoint(move)
                }
            }
        }
    }

    /// What the copy has to be opened by is durable before the copy counts.
    private func keepCheckpoint(_ move: LogMove) {
        let log = move.local.log
        let checkpoint = CheckpointEntry(
            id: move.id, directory: move.target, recoveryPoint: log.logEndOffset, logStartOffset: log.logStartOffset,
            firstSegmentOffset: move.local.firstSegmentOffset, highWatermark: log.logEndOffset,
            cleanedOffset: log.cleanedOffset)
        keep(checkpoint) { [weak self] isKept in
            guard isKept else {
                self?.reopen(move, because: FileError("write", "checkpoints", code: 5))
                return
            }
            self?.exchange(move)
        }
    }

    private func exchange(_ move: LogMove) {
        let end = LogMoveEnd(
            id: move.id, topicID: move.local.partition.topicID, source: context.directories[move.local.directory],
            target: context.directories[move.target], future: move.copy.directory, token: .random(using: &random))
        runOnPool({ () -> Result<String, FileError> in
            do throws(FileError) { return .success(try end.exchange()) } catch { return .failure(error) }
        }) { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let error): reopen(move, because: error)
            case .success(let deleted):
                forget(move.id, in: move.local.directory)
                partitionsPerDirectory[move.local.directory] -= 1
                partitionsPerDirectory[move.target] += 1
                runOnPool({ try? end.source.directory.removeDeleted(deleted) }, then: { _ in })
                open(move, in: move.target, cleanly: true)
            }
        }
    }

    private func forget(_ id: TopicPartition, in directory: Int) {
        control?.post(.forget(id, directory: directory))
    }

    private func reopen(_ move: LogMove, because error: FileError) {
        log.warning(
            "a partition stays in its log directory", metadata: ["partition": "\(move.id)", "error": "\(error)"])
        forget(move.id, in: move.target)
        let copy = move.copy
        runOnPool({ try? copy.abandon() }, then: { _ in })
        open(move, in: move.local.directory, cleanly: false)
    }

    /// Opens the closed partition again, here or there.
    private func open(_ move: LogMove, in directory: Int, cleanly isClean: Bool) {
        let opening = MovedLogOpening(move, directory: directory, isClean: isClean)
        let (context, now) = (context, loop.wallClockMs)
        runOnPool({ opening.run(context, now: now) }) { [weak self] opened in
            guard let self else { return }
            if case .failure(let error) = opened.outcome, error.passes, let entry = topics[opened.topicID] {
                entry.goOffline(move.id.partition)
                loop.schedule(after: BrokerShard.openAgainInterval) { [weak self] in
                    self?.open(move, in: directory, cleanly: isClean)
                }
                return
            }
            ended(move, opened)
        }
    }

    private func ended(_ move: LogMove, _ opened: OpenedLog) {
        moves[move.id] = nil
        take(opened)
        if let local = local(opened.topicID, move.id.partition) { moved[move.id] = local }
        if opened.directory == move.target, topics[opened.topicID] != nil {
            log.info(
                "moved partition",
                metadata: ["partition": "\(move.id)", "to": "\(context.directories[opened.directory].path)"])
        }
        openings.endInterruption()
        release(move.id.topic)
        openMore()
        for action in move.whenEnded { action() }
    }

    private func abandon(_ move: LogMove, because error: FileError? = nil) {
        if let error {
            log.warning(
                "a partition was not moved", metadata: ["partition": "\(move.id)", "error": "\(error)"])
        }
        if moves[move.id] === move {
            moves[move.id] = nil
            move.local.takesAppends = true
        }
        let copy = move.copy
        runOnPool({ try? copy.abandon() }, then: { _ in })
    }
}

extension LogCopy {
    fileprivate func advanced(
        to position: Position, atMost limit: Int64
    ) -> Result<(copy: LogCopy, bytes: Int64), FileError> {
        var copy = self
        do throws(FileError) {
            let bytes = try copy.pass(to: position, atMost: limit)
            return .success((copy, bytes))
        } catch {
            return .failure(error)
        }
    }

    fileprivate func finished(after sync: LogSync?) -> Result<LogCopy, FileError> {
        var copy = self
        do throws(FileError) {
            // Without room for the small files the log could not be taken as it is.
            if try sync?.perform() ?? .none != .none { throw FileError("write", copy.directory, code: 28) }
            try copy.finish()
            return .success(copy)
        } catch {
            return .failure(error)
        }
    }
}

/// The opening of a log that a move has closed, for the blocking pool.
private struct MovedLogOpening: Sendable {
    let topicID: UUID
    let id: TopicPartition
    let directory: Int
    let isClean: Bool
    let configuration: LogConfiguration
    let recoveryPoint: Int64
    let logStartOffset: Int64

    init(_ move: LogMove, directory: Int, isClean: Bool) {
        let log = move.local.log
        topicID = move.local.partition.topicID
        id = move.id
        self.directory = directory
        self.isClean = isClean
        configuration = log.configuration
        recoveryPoint = isClean ? log.logEndOffset : log.recoveryPoint
        logStartOffset = log.logStartOffset
    }

    func run(_ context: BrokerContext, now: Int64) -> OpenedLog {
        let outcome: Result<RecoveredLog, FileError>
        do throws(FileError) {
            outcome = .success(
                try LogRecovery.recover(
                    directory: context.directories[directory].directory.path(of: id), fileSystem: context.fileSystem,
                    configuration: configuration, wasCleanShutdown: isClean, recoveryPoint: recoveryPoint,
                    logStartOffset: logStartOffset, now: now))
        } catch {
            outcome = .failure(error)
        }
        return OpenedLog(
            topicID: topicID, id: id, directory: directory, fileDeleteDelayMs: configuration.fileDeleteDelayMs,
            outcome: outcome)
    }
}
