import KafkaProtocol

/// InitProducerId, versions 0 to 5, for idempotent producers. 2 flexible; 3 the id and epoch that the producer has;
/// 4 PRODUCER_FENCED; 5 TRANSACTION_ABORTABLE.
///
/// A transactional id is refused: no transaction may be opened that nobody can end.
enum InitProducerIdHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(InitProducerIdRequest.self)
        if let id = body.transactionalId {
            return refuse(id.isEmpty ? .invalidRequest : .unsupportedVersion, request, session)
        }
        session.beginBusy()
        session.shard.nextProducerID { id in
            if let id {
                var response = InitProducerIdResponse()
                response.producerId = id
                session.answer(request.reply, response)
            } else {
                refuse(.coordinatorNotAvailable, request, session)
            }
            session.finishBusy()
        }
    }

    private static func refuse(_ error: ErrorCode, _ request: Request, _ session: ClientSession) {
        var response = InitProducerIdResponse()
        response.errorCode = error.rawValue
        response.producerEpoch = -1
        session.answer(request.reply, response)
    }
}
