import Foundation

/// The package as it lies on the disk.
struct Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every Swift file below `Sources` and `Tests`.
    static let swiftFiles: [SwiftFile] = ["Sources", "Tests"].flatMap { folder in
        let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
        return (names?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }.sorted().map { name in
            SwiftFile(path: "\(folder)/\(name)", text: text(of: "\(folder)/\(name)"))
        }
    }

    static let sources = swiftFiles.filter(\.isSource)

    /// The folders in `Sources`.
    static let modules: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path)
        return (names ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }()

    /// The text of a file, empty if there is none.
    static func text(of path: String) -> String {
        (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
    }
}
