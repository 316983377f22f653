import Glibc

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable {
    /// What was tried, with its object: `bind 127.0.0.1:9092`.
    public var operation: String
    /// The number that the kernel gave (`errno`).
    public var code: Int32

    public init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// EADDRINUSE: another socket has the address.
    public var isAddressInUse: Bool { code == EADDRINUSE }

    /// The error that the last call of this thread left behind.
    static func last(_ operation: String) -> SystemError { SystemError(operation, code: errno) }
}

extension SystemError: CustomStringConvertible {
    public var description: String { "\(operation): \(SystemError.text(of: code))" }

    /// The kernel's words for an error number.
    public static func text(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { room in
            guard let start = room.baseAddress, strerror_r(code, start, room.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: start)
        }
    }
}
