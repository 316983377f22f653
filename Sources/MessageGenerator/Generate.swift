import Glibc

/// `MessageGenerator [PACKAGE]` writes the Swift code of all messages of a package, by default of the current directory.
@main
struct Generate {
    static func main() {
        let arguments = CommandLine.arguments
        let package = arguments.count > 1 ? arguments[1] : "."
        let schemas = "\(package)/Schemas"
        do {
            let files = try GeneratedFiles.make(from: Directory.read(schemas, suffix: ".message"))
            for folder in Set(files.keys.compactMap { $0.split(separator: "/").dropLast().joined(separator: "/") }) {
                try Directory.removeStale(in: "\(package)/\(folder)", keeping: files.keys.map { "\(package)/\($0)" })
            }
            for (path, text) in files { try Directory.write(text, to: "\(package)/\(path)") }
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
