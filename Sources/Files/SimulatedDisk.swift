import Glibc

/// The names and contents of a simulated disk, without faults and without handles: a value that a crash copies.
struct SimulatedDisk: Sendable {
    typealias Identifier = Int

    static let root: Identifier = 0

    /// A name that was set to a file or directory, or removed, and that no sync has made durable yet.
    private struct NameChange {
        var directory: Identifier
        var name: String
        var target: Identifier?
        /// Changes of one call stand or fall together.
        var call: Int
        /// A directory whose sync carries this change too: a moved file is never lost between two directories.
        var alsoDurableWith: Identifier?
    }

    /// Who needs a file's content.
    private struct Uses {
        /// Names that can be looked up, and open handles: without any, the file's room is free.
        var visible = 0
        /// Durable names and changes of names that are not durable yet: without any, a crash cannot bring it back.
        var recoverable = 0
    }

    private struct Directory {
        var names: [String: Identifier] = [:]
        var durableNames: [String: Identifier] = [:]
    }

    private var directories: [Identifier: Directory] = [root: Directory()]
    private var contents: [Identifier: SimulatedContent] = [:]
    private var modified: [Identifier: Int64] = [:]
    private var uses: [Identifier: Uses] = [:]
    private var pending: [NameChange] = []
    private var nextIdentifier = 1
    private var nextCall = 0
    /// Bytes reserved by all files.
    private(set) var used = 0

    init() {}
}

// MARK: - Names

extension SimulatedDisk {
    static func components(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init)
    }

    func find(_ path: String) -> Identifier? {
        var found = SimulatedDisk.root
        for name in SimulatedDisk.components(path) {
            guard let next = directories[found]?.names[name] else { return nil }
            found = next
        }
        return found
    }

    func isDirectory(_ identifier: Identifier) -> Bool { directories[identifier] != nil }

    func names(in directory: Identifier) -> [String]? { directories[directory]?.names.keys.sorted() }

    func modified(_ identifier: Identifier) -> Int64 { modified[identifier] ?? 0 }

    /// The directory that holds the last name of the path, and that name; an errno if there is none.
    func parent(of path: String) -> Result<(directory: Identifier, name: String), ErrorNumber> {
        var components = SimulatedDisk.components(path)
        guard let name = components.popLast() else { return .failure(ErrorNumber(EISDIR)) }
        guard let directory = find(components.joined(separator: "/")) else { return .failure(ErrorNumber(ENOENT)) }
        return isDirectory(directory) ? .success((directory, name)) : .failure(ErrorNumber(ENOTDIR))
    }

    mutating func createFile(in directory: Identifier, name: String, now: Int64) -> Identifier {
        let identifier = newIdentifier(now)
        contents[identifier] = SimulatedContent()
        change([(directory, name, identifier, nil)])
        return identifier
    }

    mutating func createDirectory(_ path: String, now: Int64) throws(ErrorNumber) {
        var directory = SimulatedDisk.root
        for name in SimulatedDisk.components(path) {
            if let found = directories[directory]?.names[name] {
                guard isDirectory(found) else { throw ErrorNumber(ENOTDIR) }
                directory = found
            } else {
                let created = newIdentifier(now)
                directories[created] = Directory()
                change([(directory, name, created, nil)])
                directory = created
            }
        }
    }

    mutating func rename(_ source: String, to target: String) throws(ErrorNumber) {
        let from = try parent(of: source).get()
        let to = try parent(of: target).get()
        guard let moved = directories[from.directory]?.names[from.name] else { throw ErrorNumber(ENOENT) }
        if let replaced = directories[to.directory]?.names[to.name] {
            guard replaced != moved else { return }
            switch (isDirectory(moved), isDirectory(replaced)) {
            case (true, false): throw ErrorNumber(ENOTDIR)
            case (false, true): throw ErrorNumber(EISDIR)
            case (true, true): guard names(in: replaced) == [] else { throw ErrorNumber(ENOTEMPTY) }
            case (false, false): break
            }
        }
        change([(to.directory, to.name, moved, from.directory), (from.directory, from.name, nil, nil)])
    }

    mutating func removeFile(_ path: String) throws(ErrorNumber) {
        let (directory, name) = try parent(of: path).get()
        guard let removed = directories[directory]?.names[name] else { throw ErrorNumber(ENOENT) }
        guard !isDirectory(removed) else { throw ErrorNumber(EISDIR) }
        change([(directory, name, nil, nil)])
    }

    mutating func removeDirectory(_ path: String) throws(ErrorNumber) {
        guard let removed = find(path) else { throw ErrorNumber(ENOENT) }
        guard isDirectory(removed) else { throw ErrorNumber(ENOTDIR) }
        for name in names(in: removed) ?? [] {
            let inside = path + "/" + name
            if let found = find(inside), isDirectory(found) {
                try removeDirectory(inside)
            } else {
                try removeFile(inside)
            }
        }
        let (directory, name) = try parent(of: path).get()
        change([(directory, name, nil, nil)])
    }

    private mutating func newIdentifier(_ now: Int64) -> Identifier {
        defer { nextIdentifier += 1 }
        modified[nextIdentifier] = now
        return nextIdentifier
    }

    private mutating func change(
        _ changes: [(directory: Identifier, name: String, target: Identifier?, alsoDurableWith: Identifier?)]
    ) {
        nextCall += 1
        for (directory, name, target, other) in changes {
            let previous = directories[directory]?.names.removeValue(forKey: name)
            if let target {
                directories[directory]?.names[name] = target
                adjustUses(of: target, visible: 1, recoverable: 1)
            }
            if let previous { adjustUses(of: previous, visible: -1) }
            pending.append(
                NameChange(directory: directory, name: name, target: target, call: nextCall, alsoDurableWith: other))
        }
    }
}

// MARK: - Contents

extension SimulatedDisk {
    /// Changes a file's content and keeps account of its room.
    mutating func withContent<Value>(
        _ identifier: Identifier, modifiedAt now: Int64?, _ body: (inout SimulatedContent) -> Value
    ) -> Value? {
        guard contents[identifier] != nil else { return nil }
        if let now { modified[identifier] = now }
        let isCounted = uses[identifier, default: Uses()].visible > 0
        if isCounted { used -= contents[identifier]?.allocatedEnd ?? 0 }
        defer { if isCounted { used += contents[identifier]?.allocatedEnd ?? 0 } }
        return body(&contents[identifier, default: SimulatedContent()])
    }

    func size(of identifier: Identifier) -> Int { contents[identifier]?.cached.count ?? 0 }

    func read(_ identifier: Identifier, into buffer: UnsafeMutableRawBufferPointer, at position: Int) -> Int {
        contents[identifier]?.read(into: buffer, at: position) ?? 0
    }

    /// How many bytes of a write at this position the room allows.
    func room(for count: Int, at position: Int, in identifier: Identifier, capacity: Int) -> Int {
        let free = max(0, capacity - used) / SimulatedContent.pageSize * SimulatedContent.pageSize
        return max(0, min(count, (contents[identifier]?.allocatedEnd ?? 0) + free - position))
    }

    /// A handle was opened.
    mutating func retain(_ identifier: Identifier) { adjustUses(of: identifier, visible: 1) }

    /// A handle was closed.
    mutating func release(_ identifier: Identifier) { adjustUses(of: identifier, visible: -1) }

    private mutating func adjustUses(of identifier: Identifier, visible: Int = 0, recoverable: Int = 0) {
        guard contents[identifier] != nil else { return }
        let wasVisible = uses[identifier, default: Uses()].visible > 0
        uses[identifier, default: Uses()].visible += visible
        uses[identifier, default: Uses()].recoverable += recoverable
        let left = uses[identifier, default: Uses()]
        let room = contents[identifier]?.allocatedEnd ?? 0
        if wasVisible, left.visible == 0 { used -= room }
        if !wasVisible, left.visible > 0 { used += room }
        if left.visible == 0, left.recoverable == 0 {
            contents[identifier] = nil
            modified[identifier] = nil
            uses[identifier] = nil
        }
    }
}

// MARK: - Durability

extension SimulatedDisk {
    mutating func syncDirectory(_ directory: Identifier) {
        let calls = Set(pending.filter { $0.directory == directory && $0.target == nil }.map(\.call))
        settle { $0.directory == directory || ($0.alsoDurableWith == directory && calls.contains($0.call)) }
    }

    mutating func syncAll() {
        for identifier in contents.keys { withContent(identifier, modifiedAt: nil) { $0.sync() } }
        settle { _ in true }
    }

    mutating func failSyncAll() {
        for identifier in contents.keys { contents[identifier]?.failSync() }
    }

    private mutating func settle(_ isDurable: (NameChange) -> Bool) {
        var kept: [NameChange] = []
        for change in pending {
            guard isDurable(change) else {
                kept.append(change)
                continue
            }
            let previous = directories[change.directory]?.durableNames.removeValue(forKey: change.name)
            // The use by the pending change becomes the use by the durable name.
            if let target = change.target { directories[change.directory]?.durableNames[change.name] = target }
            if let previous { adjustUses(of: previous, recoverable: -1) }
        }
        pending = kept
    }

    /// The disk after a power loss: what was synced, and of the rest what chance kept.
    func afterCrash(using generator: inout some RandomNumberGenerator, isJournaled: Bool) -> SimulatedDisk {
        var left = self
        let calls = Set(pending.map(\.call)).sorted()
        var kept: Set<Int> = []
        if isJournaled {
            kept = Set(calls.prefix(Int.random(in: 0...calls.count, using: &generator)))
        } else {
            for call in calls where Bool.random(using: &generator) { kept.insert(call) }
        }
        left.settle { kept.contains($0.call) }
        return left.rebuilt(names: { $0.durableNames }, content: { $0.afterCrash(using: &generator) })
    }

    /// The disk after the end of the process: the page cache outlives it, its handles do not.
    func afterKill() -> SimulatedDisk {
        var left = self
        for identifier in contents.keys { left.uses[identifier]?.visible = 0 }
        left.used = 0
        for target in directories.values.flatMap(\.names.values) { left.adjustUses(of: target, visible: 1) }
        for identifier in contents.keys where left.uses[identifier]?.visible == 0 { left.adjustUses(of: identifier) }
        return left
    }

    /// A disk on which all is durable, with what can be reached from the root by the given names.
    private func rebuilt(
        names: (Directory) -> [String: Identifier], content: (SimulatedContent) -> SimulatedContent
    ) -> SimulatedDisk {
        var disk = SimulatedDisk()
        disk.nextIdentifier = nextIdentifier
        var open = [SimulatedDisk.root]
        while let identifier = open.popLast() {
            guard let directory = directories[identifier] else { continue }
            let kept = names(directory)
            disk.directories[identifier] = Directory(names: kept, durableNames: kept)
            for (_, target) in kept.sorted(by: { $0.key < $1.key }) {
                disk.modified[target] = modified[target]
                if isDirectory(target) { open.append(target) }
                if disk.contents[target] == nil, let known = contents[target] { disk.contents[target] = content(known) }
                disk.adjustUses(of: target, visible: 1, recoverable: 1)
            }
        }
        return disk
    }
}

/// What the kernel would have said.
struct ErrorNumber: Error {
    var code: Int32

    init(_ code: Int32) { self.code = code }
}
