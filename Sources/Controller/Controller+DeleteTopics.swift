import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    /// Deletes topics, each by itself. From version 6 on a topic may be named by its id.
    ///
    /// - Parameter permits: whether the client's quota allows for so many partitions less.
    public func deleteTopics(
        _ request: DeleteTopicsRequest, version: Int16, permits: (Int) -> Bool = { _ in true }
    ) -> ControllerResult<DeleteTopicsResponse> {
        let rows = version >= 6 ? request.topics : request.topicNames.map { .init(name: $0) }
        var deletion = TopicDeletion(rows, image)
        guard configuration.topics.deletes else {
            // The code is younger than the setting.
            deletion.refuseAll(
                ControllerError(version < 3 ? .invalidRequest : .topicDeletionDisabled, "Topic deletion is disabled."))
            return deletion.result
        }
        for row in rows { deletion.delete(row, permits) }
        return deletion.result
    }
}

/// Deletes the topics of one request and gathers records and answers.
private struct TopicDeletion {
    typealias Row = DeleteTopicsRequest.DeleteTopicState

    private enum Key: Hashable {
        case name(Name)
        case id(UUID)

        /// nil if the row has neither a name nor an id, or both.
        init?(_ row: Row) {
            switch (row.name, row.topicId.isZero) {
            case (let name?, true): self = .name(Name(name))
            case (nil, false): self = .id(row.topicId)
            default: return nil
            }
        }
    }

    private(set) var result = ControllerResult(reply: DeleteTopicsResponse())
    private let rows: [Row]
    private let image: ClusterImage
    /// How often each topic is named in the request.
    private let counts: [Key: Int]
    private var done: Set<Key> = []

    init(_ rows: [Row], _ image: ClusterImage) {
        self.rows = rows
        self.image = image
        counts = Dictionary(rows.compactMap(Key.init).map { ($0, 1) }, uniquingKeysWith: +)
    }

    mutating func refuseAll(_ error: ControllerError) {
        for row in rows { answer(row.name, row.topicId, error) }
    }

    /// A name or id that is there more than once is answered once; rows that name nothing or too much, each.
    mutating func delete(_ row: Row, _ permits: (Int) -> Bool) {
        switch Key(row) {
        case .name(let name)?:
            if done.insert(.name(name)).inserted { delete(name: name.text, permits) }
        case .id(let id)?:
            if done.insert(.id(id)).inserted { delete(id: id, permits) }
        case nil:
            let message =
                row.name == nil
                ? "Neither topic name nor id were specified." : "You may not specify both topic name and topic id."
            answer(row.name, row.topicId, ControllerError(.invalidRequest, message))
        }
    }

    private mutating func delete(name: String, _ permits: (Int) -> Bool) {
        guard counts[.name(Name(name))] == 1 else {
            return answer(name, .zero, ControllerError(.invalidRequest, "Duplicate topic name."))
        }
        guard let topic = image.topics[name] else {
            let message = "This server does not host this topic-partition."
            return answer(name, .zero, ControllerError(.unknownTopicOrPartition, message))
        }
        guard counts[.id(topic.id)] != 1 else {
            let message = "The provided topic name maps to an ID that was already supplied."
            return answer(name, topic.id, ControllerError(.invalidRequest, message))
        }
        remove(topic, permits)
    }

    private mutating func delete(id: UUID, _ permits: (Int) -> Bool) {
        guard counts[.id(id)] == 1 else {
            return answer(nil, id, ControllerError(.invalidRequest, "Duplicate topic id."))
        }
        guard let topic = image.topics[id] else {
            return answer(nil, id, ControllerError(.unknownTopicId, "This server does not host this topic ID."))
        }
        // Named as well: the answer to the name says so.
        if counts[.name(Name(topic.name))] != 1 { remove(topic, permits) }
    }

    private mutating func remove(_ topic: TopicImage, _ permits: (Int) -> Bool) {
        guard permits(topic.partitions.count) else { return answer(topic.name, topic.id, .overQuota) }
        result.records.append(.topicRemoval(TopicRemovalRecord(topicId: topic.id)))
        answer(topic.name, topic.id, nil)
    }

    private mutating func answer(_ name: String?, _ id: UUID, _ error: ControllerError?) {
        var row = DeleteTopicsResponse.DeletableTopicResult()
        row.name = name
        row.topicId = id
        row.errorCode = error?.code.rawValue ?? ErrorCode.none.rawValue
        row.errorMessage = error?.message
        result.reply.responses.append(row)
    }
}

extension DeleteTopicsRequest.DeleteTopicState {
    fileprivate init(name: String) {
        self.init()
        self.name = name
    }
}
