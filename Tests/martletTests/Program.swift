import Foundation
import Glibc

/// The built program, run as a person runs it.
enum Program {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    /// It lies beside the test's own executable.
    static let path: String = {
        var room = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/exe", &room, room.count)
        let executable = String(decoding: room.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)] + "/martlet"
    }()

    /// Runs it to its end.
    ///
    /// - Parameter file: takes its output in place of the outcome.
    static func run(_ arguments: [String], input: String = "", writingTo file: String? = nil) throws -> Outcome {
        let process = try start(arguments, writingTo: file)
        try process.input.write(contentsOf: Data(input.utf8))
        try process.input.close()
        return process.wait()
    }

    static func start(_ arguments: [String], writingTo file: String? = nil) throws -> Running {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        if let file {
            process.standardOutput = FileHandle(forWritingAtPath: file)
            try output.fileHandleForWriting.close()
        }
        try process.run()
        return Running(
            process: process, input: input.fileHandleForWriting, output: output.fileHandleForReading,
            errors: errors.fileHandleForReading)
    }

    struct Running {
        let process: Process
        let input: FileHandle
        let output: FileHandle
        let errors: FileHandle

        /// Reads what it writes until it ends. Errors are few, so that they fit into the pipe meanwhile.
        func wait() -> Outcome {
            let written = output.readDataToEndOfFile()
            let complaints = errors.readDataToEndOfFile()
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
                errors: String(decoding: complaints, as: UTF8.self))
        }

        /// Waits until it has written a line that contains `text`.
        func awaitOutput(_ text: String) -> Bool {
            var seen = ""
            while !seen.contains(text) {
                let piece = output.availableData
                if piece.isEmpty { return false }
                seen += String(decoding: piece, as: UTF8.self)
            }
            return true
        }
    }
}
