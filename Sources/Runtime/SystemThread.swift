import CSystem
import Glibc

/// A thread of the operating system.
struct SystemThread: Sendable {
    private let id: pthread_t

    /// Starts a thread that runs `body` and ends.
    static func start(name: String, body: @escaping @Sendable () -> Void) throws(SystemError) -> SystemThread {
        let box = Unmanaged.passRetained(Body(name: name, run: body))
        var id = pthread_t()
        let code = pthread_create(
            &id, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                martlet_name_thread(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw SystemError("start a thread", code: code)
        }
        return SystemThread(id: id)
    }

    /// Waits until the thread has ended. Once only.
    func join() { pthread_join(id, nil) }

    /// Lets what the system keeps of the thread go as soon as it has ended. In place of `join`.
    func detach() { pthread_detach(id) }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
