import CSystem
import Glibc

/// A file descriptor, closed with the last reference.
final class RealFile: File {
    let path: String
    private let number: Int32

    init(path: String, owning descriptor: Int32) {
        self.path = path
        number = descriptor
    }

    deinit { close(number) }

    var descriptor: Int32? { number }

    func size() throws(FileError) -> Int64 {
        var result = stat()
        _ = try call("fstat", path) { fstat(number, &result) }
        return Int64(result.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = try call("pread", path) {
                pread(number, base + done, buffer.count - done, off_t(position) + off_t(done))
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func readCached(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int? {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = martlet_pread_nowait(number, base + done, buffer.count - done, off_t(position) + off_t(done))
            if count > 0 {
                done += count
            } else if count == 0 {
                break
            } else {
                switch errno {
                case EINTR: continue
                // A file system without the flag may always make its reader wait.
                case EAGAIN, EOPNOTSUPP: return nil
                case let code: throw FileError("preadv2", path, code: code)
                }
            }
        }
        return done
    }

    func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) -> Int {
        if pieces.count == 1 {
            return try call("pwrite", path) { pwrite(number, pieces[0].baseAddress, pieces[0].count, off_t(position)) }
        }
        // IOV_MAX; the caller continues a short write.
        let count = min(pieces.count, 1024)
        return try withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { vector throws(FileError) in
            for index in 0..<count {
                let piece = pieces[index]
                vector[index] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
            }
            return try call("pwritev", path) { pwritev(number, vector.baseAddress, Int32(count), off_t(position)) }
        }
    }

    func sync() throws(FileError) {
        _ = try call("fdatasync", path) { fdatasync(number) }
    }

    func truncate(to size: Int64) throws(FileError) {
        _ = try call("ftruncate", path) { ftruncate(number, off_t(size)) }
    }

    func allocate(at position: Int64, count: Int64) throws(FileError) {
        do {
            _ = try call("fallocate", path) {
                martlet_fallocate_keep_size(number, off_t(position), off_t(count))
            }
        } catch  where error.code == EOPNOTSUPP || error.code == ENOSYS {
            return
        }
    }
}

/// An exclusive `flock`: it belongs to the open file, so that a second opening in the same process is refused as well.
final class RealFileLock: FileLock {
    private let descriptor: Int32

    init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func release() { flock(descriptor, LOCK_UN) }
}
