import CMicrohttpd
import Logging

/// The calls that the library makes, on its thread, as calls of the objects behind them.
var libraryCallbacks: martlet_http_callbacks {
    martlet_http_callbacks(
        admits: { owner in ServerCore.of(owner)?.admits() ?? false },
        opened: { owner, connection, descriptor in
            guard let connection else { return }
            ServerCore.of(owner)?.opened(LibraryConnection(connection), descriptor: descriptor)
        },
        closed: { owner, connection in
            guard let connection else { return }
            ServerCore.of(owner)?.closed(LibraryConnection(connection))
        },
        began: { owner, connection, target in
            guard let core = ServerCore.of(owner), let target else { return nil }
            let conversation = Conversation(core: core, target: String(cString: target))
            return Unmanaged.passRetained(conversation).toOpaque()
        },
        received: { _, connection, request, method, bytes, size in
            guard let connection, let request, let method, let size else { return false }
            let conversation = Unmanaged<Conversation>.fromOpaque(request).takeUnretainedValue()
            let part = UnsafeRawBufferPointer(start: bytes, count: size.pointee)
            size.pointee = 0
            return conversation.received(part, method: String(cString: method), LibraryConnection(connection))
        },
        ended: { _, request, _ in
            guard let request else { return }
            Unmanaged<Conversation>.fromOpaque(request).takeRetainedValue().ended()
        },
        says: { owner, text in
            guard let text, let core = ServerCore.of(owner) else { return }
            let line = String(cString: text)
            core.log.debug("\(line.hasSuffix("\n") ? String(line.dropLast()) : line)")
        })
}

extension ServerCore {
    fileprivate static func of(_ owner: UnsafeMutableRawPointer?) -> ServerCore? {
        owner.map { Unmanaged<ServerCore>.fromOpaque($0).takeUnretainedValue() }
    }
}
