import KafkaProtocol

/// Something that Apache Kafka answers about groups and offsets, and where a story has us answer it.
struct KafkaAnswer: Sendable {
    /// As stories have it.
    let verb: String
    let error: ErrorCode
    let situation: String
    let place: Place

    enum Place: Sendable {
        /// The chapter of a story.
        case chapter(String)
        /// Not decided by this machine.
        case elsewhere(String)
        /// Never answered here.
        case never(String)
    }

    private init(_ verb: String, _ error: ErrorCode, _ situation: String, _ place: Place) {
        (self.verb, self.error, self.situation, self.place) = (verb, error, situation, place)
    }

    static let all = join + sync + heartbeat + leave + consume + commit + offsets + groups + sessions

    // MARK: Members

    private static let join = [
        KafkaAnswer("join", .none, "a generation begins", .chapter("Two members")),
        KafkaAnswer("join", .none, "the answer is given again", .chapter("Joining again while the leader assigns")),
        KafkaAnswer("join", .none, "a follower with nothing new", .chapter("Joining again in a stable group")),
        KafkaAnswer(
            "join", .none, "a static member comes back", .chapter("It comes back to a stable group, version 9")),
        KafkaAnswer("join", .invalidGroupId, "no group is named", .chapter("Requests that make no sense")),
        KafkaAnswer("join", .invalidSessionTimeout, "too short, too long", .chapter("Requests that make no sense")),
        KafkaAnswer("join", .memberIdRequired, "a new member, since version 4", .chapter("A member alone")),
        KafkaAnswer("join", .unknownMemberId, "an id, and no group", .chapter("Requests that make no sense")),
        KafkaAnswer("join", .unknownMemberId, "an id that is no member's", .chapter("A member that nobody knows")),
        KafkaAnswer(
            "join", .unknownMemberId, "an instance that is no member's", .chapter("A member that nobody knows")),
        KafkaAnswer("join", .unknownMemberId, "the group is empty again", .chapter("A member that nobody knows")),
        KafkaAnswer("join", .unknownMemberId, "the id ran out", .chapter("An id that is not used runs out")),
        KafkaAnswer(
            "join", .unknownMemberId, "a member to be, with an instance",
            .chapter("An id is for a member without an instance id")),
        KafkaAnswer(
            "join", .unknownMemberId, "it waited for five minutes",
            .chapter("A new member that nobody answers for five minutes")),
        KafkaAnswer("join", .unknownMemberId, "it left meanwhile", .chapter("Leaving while waiting for the join")),
        KafkaAnswer(
            "join", .inconsistentGroupProtocol, "no type, no protocol", .chapter("Requests that make no sense")),
        KafkaAnswer("join", .inconsistentGroupProtocol, "another type", .chapter("Members have a protocol in common")),
        KafkaAnswer(
            "join", .inconsistentGroupProtocol, "none in common", .chapter("Members have a protocol in common")),
        KafkaAnswer("join", .groupMaxSizeReached, "gathering", .chapter("A full group, while its first members come")),
        KafkaAnswer(
            "join", .groupMaxSizeReached, "assigning, stable",
            .chapter("A full group, while the leader assigns and in a stable group")),
        KafkaAnswer(
            "join", .groupMaxSizeReached, "one of the members",
            .chapter("A full group that rebalances: the last one to join is out")),
        KafkaAnswer("join", .groupMaxSizeReached, "too many ids are handed out", .chapter("Ten thousand joins")),
        KafkaAnswer("join", .fencedInstanceId, "the old self joins", .chapter("Its old self is fenced")),
        KafkaAnswer(
            "join", .fencedInstanceId, "the old self waits", .chapter("It comes back while members are gathered")),
        KafkaAnswer(
            "join", .rebalanceInProgress, "asked twice, where Kafka leaves the first one without an answer",
            .chapter("Joining again while members are gathered")),
        KafkaAnswer(
            "join", .coordinatorNotAvailable, "the write failed",
            .chapter("A static member's new id cannot be stored")),
        KafkaAnswer(
            "join", .coordinatorNotAvailable, "an empty group cannot be stored",
            .never("nothing is stored of a group before its first generation")),
    ]

    private static let sync = [
        KafkaAnswer("sync", .none, "assigned", .chapter("Two members")),
        KafkaAnswer("sync", .none, "stable", .chapter("Each error of a sync")),
        KafkaAnswer("sync", .invalidGroupId, "no group is named", .chapter("Each error of a sync")),
        KafkaAnswer("sync", .unknownMemberId, "no group, no member, an id", .chapter("Each error of a sync")),
        KafkaAnswer(
            "sync", .unknownMemberId, "left while it waited", .chapter("Leaving while waiting for the assignment")),
        KafkaAnswer("sync", .illegalGeneration, "another generation", .chapter("Each error of a sync")),
        KafkaAnswer("sync", .inconsistentGroupProtocol, "missing, another", .chapter("Each error of a sync")),
        KafkaAnswer("sync", .fencedInstanceId, "the old self asks", .chapter("Its old self is fenced")),
        KafkaAnswer(
            "sync", .fencedInstanceId, "the old self waits", .chapter("It comes back while the leader assigns")),
        KafkaAnswer("sync", .rebalanceInProgress, "members are gathered", .chapter("Each error of a sync")),
        KafkaAnswer(
            "sync", .rebalanceInProgress, "a member joins", .chapter("Somebody joins while the leader assigns")),
        KafkaAnswer("sync", .rebalanceInProgress, "the leader is out", .chapter("The leader never assigns")),
        KafkaAnswer("sync", .coordinatorNotAvailable, "the write failed", .chapter("The assignment cannot be stored")),
        KafkaAnswer(
            "sync", .unknownServerError, "the assignments are larger than a record may be",
            .never("a failed write is a failed write: COORDINATOR_NOT_AVAILABLE")),
    ]

    private static let heartbeat = [
        KafkaAnswer("heartbeat", .none, "assigning, stable", .chapter("Heartbeats in each state")),
        KafkaAnswer("heartbeat", .invalidGroupId, "no group is named", .chapter("Heartbeats in each state")),
        KafkaAnswer("heartbeat", .unknownMemberId, "no group, no member, an id", .chapter("Heartbeats in each state")),
        KafkaAnswer("heartbeat", .unknownMemberId, "its session ended", .chapter("A session ends")),
        KafkaAnswer(
            "heartbeat", .unknownMemberId, "it was removed", .chapter("An administrator removes it by its instance id")),
        KafkaAnswer("heartbeat", .illegalGeneration, "another generation", .chapter("Heartbeats in each state")),
        KafkaAnswer("heartbeat", .rebalanceInProgress, "members are gathered", .chapter("Heartbeats in each state")),
        KafkaAnswer("heartbeat", .fencedInstanceId, "the old self", .chapter("Its old self is fenced")),
    ]

    private static let leave = [
        KafkaAnswer("leave", .none, "a member", .chapter("Each version leaves")),
        KafkaAnswer("leave", .none, "a member to be", .chapter("An id that is given back")),
        KafkaAnswer("leave", .none, "by instance", .chapter("An administrator removes it by its instance id")),
        KafkaAnswer("leave", .invalidGroupId, "no group is named", .chapter("Each error of leaving")),
        KafkaAnswer("leave", .unknownMemberId, "no group, no member, no instance", .chapter("Each error of leaving")),
        KafkaAnswer("leave", .fencedInstanceId, "the old self", .chapter("Its old self is fenced")),
        KafkaAnswer(
            "leave", .coordinatorNotAvailable, "the write failed", .chapter("The empty group cannot be stored")),
    ]

    private static let consume =
        [
            KafkaAnswer("consume", .none, "joins, has, waits, leaves", .chapter("Two consumers share a topic")),
            KafkaAnswer("consume", .invalidRequest, "makes no sense", .chapter("Heartbeats that make no sense")),
            KafkaAnswer("consume", .unsupportedAssignor, "not known", .chapter("Heartbeats that make no sense")),
            KafkaAnswer("consume", .invalidRegularExpression, "is none", .chapter("Heartbeats that make no sense")),
            KafkaAnswer(
                "consume", .groupIdNotFound, "an epoch, and no group", .chapter("Heartbeats that make no sense")),
            KafkaAnswer(
                "consume", .groupIdNotFound, "a classic group stays", .chapter("Groups that may not be converted")),
            KafkaAnswer("consume", .unsupportedVersion, "switched off", .chapter("Heartbeats that make no sense")),
            KafkaAnswer("consume", .groupMaxSizeReached, "no room", .chapter("A full group of consumers")),
            KafkaAnswer("consume", .unknownMemberId, "no member", .chapter("Members and epochs that are not right")),
            KafkaAnswer("consume", .unknownMemberId, "silent too long", .chapter("Sessions of consumers")),
            KafkaAnswer(
                "consume", .unknownMemberId, "kept its partitions too long",
                .chapter("Who does not give up its partitions in time is out")),
            KafkaAnswer("consume", .unknownMemberId, "no such instance", .chapter("Static consumers")),
            KafkaAnswer(
                "consume", .fencedMemberEpoch, "greater, smaller", .chapter("Members and epochs that are not right")),
            KafkaAnswer("consume", .unreleasedInstanceId, "its holder is there", .chapter("Static consumers")),
            KafkaAnswer("consume", .fencedInstanceId, "another has its place", .chapter("Static consumers")),
            KafkaAnswer(
                "consume", .coordinatorNotAvailable, "the write failed", .chapter("A consumer cannot be stored")),
            KafkaAnswer(
                "consume", .topicAuthorizationFailed, "a topic is not allowed", .elsewhere("the session's answer")),
            KafkaAnswer(
                "join", .inconsistentGroupProtocol, "no consumer", .chapter("Classic members that do not come in")),
            KafkaAnswer("join", .memberIdRequired, "among consumers", .chapter("Classic members that do not come in")),
            KafkaAnswer(
                "join", .groupMaxSizeReached, "among consumers", .chapter("Classic members that do not come in")),
        ]
        + ["sync", "heartbeat"].flatMap { verb in
            [ErrorCode.rebalanceInProgress, .illegalGeneration, .unknownMemberId].map { error in
                KafkaAnswer(
                    verb, error, "a classic member among consumers",
                    .chapter("A classic member and a consumer in one group"))
            }
        }

    // MARK: Offsets

    private static let commit = [
        KafkaAnswer("commit", .none, "a simple group", .chapter("A group that is nothing but a place for offsets")),
        KafkaAnswer("commit", .none, "gathering, stable, empty", .chapter("Each error of a commit")),
        KafkaAnswer("commit", .illegalGeneration, "no group, before version 9", .chapter("Each error of a commit")),
        KafkaAnswer("commit", .groupIdNotFound, "no group, since version 9", .chapter("Each error of a commit")),
        KafkaAnswer("commit", .illegalGeneration, "another generation", .chapter("Each error of a commit")),
        KafkaAnswer("commit", .unknownMemberId, "no member, no instance, nobody", .chapter("Each error of a commit")),
        KafkaAnswer("commit", .fencedInstanceId, "the old self", .chapter("Its old self is fenced")),
        KafkaAnswer("commit", .rebalanceInProgress, "the leader assigns", .chapter("Each error of a commit")),
        KafkaAnswer("commit", .offsetMetadataTooLarge, "a partition's metadata", .chapter("Metadata that is too long")),
        KafkaAnswer("commit", .coordinatorNotAvailable, "the write failed", .chapter("An offset cannot be stored")),
        KafkaAnswer("commit", .staleMemberEpoch, "another epoch", .chapter("Offsets of consumers")),
        KafkaAnswer("commit", .unsupportedVersion, "a consumer, before version 9", .chapter("Offsets of consumers")),
        KafkaAnswer("commit", .unknownMemberId, "no consumer", .chapter("Offsets of consumers")),
        KafkaAnswer(
            "commit", .illegalGeneration, "a classic member among consumers",
            .chapter("A classic member and a consumer in one group")),
    ]

    private static let offsets = [
        KafkaAnswer(
            "fetch", .none, "there, not there, all", .chapter("A group that is nothing but a place for offsets")),
        KafkaAnswer("fetch", .none, "no such group", .chapter("A group that is nothing but a place for offsets")),
        KafkaAnswer("fetch", .coordinatorNotAvailable, "a write before failed", .chapter("An offset cannot be stored")),
        KafkaAnswer("fetch", .unstableOffsetCommit, "a transaction is open", .elsewhere("transactions")),
        KafkaAnswer("fetch", .unknownMemberId, "no consumer", .chapter("Offsets of consumers")),
        KafkaAnswer("fetch", .staleMemberEpoch, "another epoch", .chapter("Offsets of consumers")),
        KafkaAnswer(
            "fetch", .illegalGeneration, "a classic member among consumers",
            .chapter("A classic member and a consumer in one group")),
        KafkaAnswer("delete-offsets", .none, "there, not there", .chapter("Deleting offsets")),
        KafkaAnswer("delete-offsets", .invalidGroupId, "no group is named", .chapter("Deleting offsets")),
        KafkaAnswer("delete-offsets", .groupIdNotFound, "no such group", .chapter("Deleting offsets")),
        KafkaAnswer(
            "delete-offsets", .nonEmptyGroup, "other members than consumers",
            .chapter("Deleting offsets of a group that does not consume")),
        KafkaAnswer("delete-offsets", .groupSubscribedToTopic, "consumers read it", .chapter("Deleting offsets")),
        KafkaAnswer(
            "delete-offsets", .groupSubscribedToTopic, "consumers read nobody knows what",
            .chapter("Subscriptions that nobody can read")),
    ]

    // MARK: Groups

    private static let groups = [
        KafkaAnswer("describe", .none, "each state; a dead one before version 6", .chapter("Describing each state")),
        KafkaAnswer("describe", .groupIdNotFound, "since version 6", .chapter("Describing each state")),
        KafkaAnswer("describe", .groupIdNotFound, "consumers", .chapter("A consumer alone")),
        KafkaAnswer("describe-consumer", .none, "each state", .chapter("Two consumers share a topic")),
        KafkaAnswer("describe-consumer", .groupIdNotFound, "none, classic", .chapter("No group of consumers")),
        KafkaAnswer("list", .none, "by states and types", .chapter("Listing")),
        KafkaAnswer("delete", .none, "empty", .chapter("Deleting each state")),
        KafkaAnswer("delete", .groupIdNotFound, "no such group", .chapter("Deleting each state")),
        KafkaAnswer("delete", .nonEmptyGroup, "gathering, assigning, stable", .chapter("Deleting each state")),
        KafkaAnswer("delete", .coordinatorNotAvailable, "the write failed", .chapter("A group cannot be deleted")),
        KafkaAnswer("explain", .none, "which Kafka has not", .chapter("What became of a group")),
    ]

    // MARK: Everything

    /// What the session answers before or in place of the machine.
    private static let sessions =
        ["join", "sync", "heartbeat", "leave", "consume", "commit", "fetch", "describe", "delete"].flatMap {
            verb in
            [
                KafkaAnswer(verb, .coordinatorLoadInProgress, "the log is read", .elsewhere("the session's answer")),
                KafkaAnswer(
                    verb, .notCoordinator, "the partition is led elsewhere", .elsewhere("the session's answer")),
                KafkaAnswer(verb, .groupAuthorizationFailed, "not allowed", .elsewhere("the session's answer")),
            ]
        } + [
            KafkaAnswer("commit", .unknownTopicOrPartition, "no such partition", .elsewhere("the session's answer")),
            KafkaAnswer("commit", .unknownTopicId, "no such topic", .elsewhere("the session's answer")),
            KafkaAnswer("fetch", .unknownTopicId, "no such topic", .elsewhere("the session's answer")),
            KafkaAnswer(
                "delete-offsets", .unknownTopicOrPartition, "no such partition", .elsewhere("the session's answer")),
        ]
}
