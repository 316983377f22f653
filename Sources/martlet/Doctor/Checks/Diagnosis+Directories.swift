import Configuration

/// Where a broker keeps its data.
extension Diagnosis {
    /// - Parameters:
    ///   - configuration: nil when there is none that a broker could run by.
    ///   - now: milliseconds since 1970.
    mutating func examine(_ directories: [DirectoryFacts], _ configuration: BrokerConfiguration?, now: Int64) {
        for directory in directories {
            observe("data", directory.summary)
            examineAccess(directory)
            examineOwnership(directory, configuration)
            examineMount(directory)
            examineSyncs(directory)
            examineSpace(directory, configuration)
            examineTime(directory, now: now)
        }
        examineTogether(directories)
    }

    private mutating func examineAccess(_ directory: DirectoryFacts) {
        let path = directory.path
        let isReadOnly = !directory.isWritable && directory.mount?.isReadOnly == true
        switch directory.kind {
        case .noDirectory:
            find(
                .error, "directory.kind", "\(path) is no directory", why: "A broker keeps its data in a directory.",
                fix: "name another one: --data DIR")
        case .missing where isReadOnly, .directory where isReadOnly:
            // Whoever owns it; the mount is told of as such.
            break
        case .missing(let above) where !directory.isWritable:
            find(
                .error, "directory.missing", "\(path) is missing, and this user may not make it in \(above)",
                why: "The broker does not start.",
                fix: "sudo install -d -o $(id -un) \(path), or name another one: --data DIR")
        case .directory where !directory.isWritable:
            find(
                .error, "directory.access", "this user may not write to \(path)", why: "The broker does not start.",
                fix: "sudo chown -R $(id -un) \(path)")
        case .directory where directory.user == 0 && directory.owner != 0:
            find(
                .warning, "directory.owner", "\(path) belongs to user \(directory.owner), and root would write to it",
                why: "What root writes there its owner cannot open when the broker runs as that user again.",
                fix: "start it as the owner: sudo -u '#\(directory.owner)' martlet server …")
        default: break
        }
        if directory.isLocked {
            find(
                .note, "directory.busy", "\(directory.holder?.description ?? "a process") runs on \(path)",
                why: "A second broker would not start on it; these findings are about the one that runs, if it is one.",
                fix: "nothing, when that is the broker you mean; otherwise --data with another directory")
        }
    }

    private mutating func examineOwnership(_ directory: DirectoryFacts, _ configuration: BrokerConfiguration?) {
        if let name = directory.foreignName {
            find(
                .error, "directory.foreign", "\(directory.path) was formatted by Apache Kafka (it has \(name))",
                why: "Its metadata is in a form that is not Martlet's: the broker refuses to start.",
                fix: "name another one: --data DIR")
        }
        if let found = directory.nodeId, let configuration, found != configuration.nodeId {
            find(
                .error, "directory.node",
                "\(directory.path) belongs to node \(found), and node.id is \(configuration.nodeId)",
                why: "The broker refuses to start on the data of another one.", fix: "--set node.id=\(found)")
        }
    }

    private mutating func examineMount(_ directory: DirectoryFacts) {
        guard let mount = directory.mount else { return }
        let move = "name a directory on a disk of this machine: --data DIR"
        switch mount.type {
        case "tmpfs", "ramfs":
            find(
                .warning, "disk.memory", "\(directory.path) lies in memory (\(mount.type))",
                why: "All records are gone when the machine, or the container, stops.", fix: move)
        case "overlay", "aufs":
            find(
                .warning, "disk.overlay", "\(directory.path) lies in the container's own layer (\(mount.type))",
                why: "All records are gone with the container, and each write takes a detour.",
                fix: "mount a volume there: -v martlet:\(directory.path)")
        case "nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "fuse.glusterfs":
            find(
                .warning, "disk.network", "\(directory.path) lies on another machine (\(mount.type))",
                why: "Locks and syncs depend on what that machine promises, and each acknowledgement waits for it.",
                fix: move)
        case "vfat", "exfat", "msdos", "fuseblk":
            find(
                .warning, "disk.simple", "\(directory.path) lies on \(mount.type)",
                why: "It has no journal: a power cut may take whole files with it.", fix: move)
        default: break
        }
        if mount.isReadOnly {
            find(
                .error, "disk.readonly", "\(mount.point) is mounted read-only",
                why: "Nothing can be written. Linux does that after an error of the disk, too: see dmesg.",
                fix: "sudo mount -o remount,rw \(mount.point), once the disk is whole")
        }
        if mount.options.contains("nobarrier") || mount.options.contains("barrier=0") {
            find(
                .error, "disk.barrier", "\(mount.point) is mounted without barriers",
                why: "A sync ends before the disk has the data: a power cut takes acknowledged records.",
                fix: "sudo mount -o remount,barrier=1 \(mount.point), and in /etc/fstab")
        }
    }

    private mutating func examineSyncs(_ directory: DirectoryFacts) {
        guard let median = directory.medianSync else { return }
        if median < Diagnosis.shortestSync, directory.mount?.isInMemory != true {
            find(
                .warning, "disk.sync.lie", "a sync in \(directory.path) takes \(durationText(median))",
                why: "No disk is that fast: something answers before the data is safe, and a power cut may take it.",
                fix:
                    "see that no LD_PRELOAD=libeatmydata.so is set, and that the virtual disk is not set to ignore flushes"
            )
        } else if median > Diagnosis.longestSync {
            find(
                .warning, "disk.sync.slow", "a sync in \(directory.path) takes \(durationText(median))",
                why: "Each acknowledgement waits for one.",
                fix:
                    "use a faster disk, or for topics that may lose their newest records --set log.flush.interval.messages=10000"
            )
        }
    }

    private mutating func examineSpace(_ directory: DirectoryFacts, _ configuration: BrokerConfiguration?) {
        guard let space = directory.space, space.total > 0 else { return }
        let room = "\(byteCountText(space.usable)) of \(byteCountText(space.total))"
        let fix =
            "make room there, or keep less: --set log.retention.bytes=N for each partition, --set log.retention.hours=N"
        if space.usable < Diagnosis.leastSpace {
            find(
                .error, "disk.full", "\(room) are free for \(directory.path)",
                why: "Producers are refused until there is room.", fix: fix)
        } else if space.usable < space.total / 20 {
            find(
                .warning, "disk.space", "\(room) are free for \(directory.path)",
                why: "When the disk is full, producers are refused.", fix: fix)
        }
        if let files = directory.files, files.total > 0, files.free < files.total / 20 {
            find(
                .warning, "disk.files",
                "\(grouped(Int(files.free))) of \(grouped(Int(files.total))) files are left for \(directory.path)",
                why: "Each segment takes four; without any left producers are refused, whatever the bytes.",
                fix: "delete small files there, or make the file system anew with more inodes (mkfs.ext4 -i 16384)")
        }
        guard let defaults = configuration?.topics.defaults, let kept = defaults.retentionBytes else { return }
        let each = kept.addingReportingOverflow(Int64(defaults.segmentBytes))
        let (needed, overflow) = each.partialValue.multipliedReportingOverflow(by: Int64(directory.partitionCount))
        if each.overflow || overflow || needed > space.total {
            find(
                .warning, "disk.retention",
                "\(counted(directory.partitionCount, "partition")) may keep more than \(directory.path) has room for",
                why: """
                    Each keeps up to \(byteCountText(each.partialValue)) by log.retention.bytes and a segment, together \
                    more than \(byteCountText(space.total)).
                    """,
                fix: "--set log.retention.bytes=\(space.total / 2 / Int64(max(directory.partitionCount, 1)))")
        }
    }

    private mutating func examineTime(_ directory: DirectoryFacts, now: Int64) {
        guard let latest = directory.latestChange, latest > now + 60_000 else { return }
        find(
            .error, "clock.behind", "\(directory.path) was changed at \(Instant.text(latest)), which is still to come",
            why: "The clock went back: new records look older than those before them, and look-ups by time go wrong.",
            fix: "set the clock right before the broker starts: sudo chronyc makestep")
    }

    private mutating func examineTogether(_ directories: [DirectoryFacts]) {
        for (index, directory) in directories.enumerated() {
            for other in directories[..<index] {
                if directory.path.hasPrefix(other.path + "/") || other.path.hasPrefix(directory.path + "/") {
                    find(
                        .error, "directory.nested", "\(directory.path) and \(other.path) lie within each other",
                        why: "What the one holds would be taken for partitions of the other.",
                        fix: "name directories beside each other in log.dirs")
                } else if directory.device == other.device {
                    find(
                        .note, "directory.shared", "\(directory.path) and \(other.path) are on one file system",
                        why: "Several log directories gain room and speed only on disks of their own.",
                        fix: "keep one of them in log.dirs, or mount a disk of its own for each")
                }
            }
        }
    }

    /// In nanoseconds. A journal's commit takes the fastest disks longer than the one, and longer than the other is felt.
    private static let shortestSync: Int64 = 15_000
    private static let longestSync: Int64 = 50_000_000
    private static let leastSpace: Int64 = 64 << 20
}

extension Mount {
    var isInMemory: Bool { type == "tmpfs" || type == "ramfs" }
}

extension DirectoryFacts {
    /// In one line.
    var summary: String {
        var text = path
        if let mount { text += ": \(mount.type) on \(mount.source)" }
        if case .missing = kind { text += ", to be made" }
        if let space { text += ", \(byteCountText(space.usable)) of \(byteCountText(space.total)) free" }
        if partitionCount > 0 { text += ", \(counted(partitionCount, "partition"))" }
        if let medianSync { text += ", a sync takes \(durationText(medianSync))" }
        return text
    }
}

/// Nanoseconds as people read them: `830 ns`, `12.4 µs`, `3.1 ms`, `2.0 s`.
func durationText(_ nanoseconds: Int64) -> String {
    switch nanoseconds {
    case ..<1_000: "\(nanoseconds) ns"
    case ..<1_000_000: "\(tenths(Double(nanoseconds) / 1e3)) µs"
    case ..<1_000_000_000: "\(tenths(Double(nanoseconds) / 1e6)) ms"
    default: "\(tenths(Double(nanoseconds) / 1e9)) s"
    }
}
