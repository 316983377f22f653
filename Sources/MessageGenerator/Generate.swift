import Glibc

/// `MessageGenerator [SCHEMAS [SOURCES]]` writes the Swift code of all messages; without arguments in the package that
/// is the current directory.
@main
struct Generate {
    static func main() {
        let arguments = CommandLine.arguments
        let schemas = arguments.count > 1 ? arguments[1] : "Schemas"
        let target = arguments.count > 2 ? arguments[2] : "Sources"
        do {
            let files = try GeneratedFiles.make(from: Directory.read(schemas, suffix: ".message"))
            for folder in Set(files.keys.compactMap { $0.split(separator: "/").dropLast().joined(separator: "/") }) {
                try Directory.removeStale(in: "\(target)/\(folder)", keeping: files.keys.map { "\(target)/\($0)" })
            }
            for (path, text) in files { try Directory.write(text, to: "\(target)/\(path)") }
            print("\(files.count) files")
        } catch let error as SchemaError {
            print("\(schemas)/\(error)")
            exit(1)
        } catch {
            print(error)
            exit(1)
        }
    }
}
