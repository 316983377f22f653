public import Bytes
public import Coordination
import KafkaProtocol
public import KafkaProtocolMore

/// A record of `__consumer_offsets`. A nil value deletes what the key names.
public enum GroupRecord: CoordinatorRecord {
    case offset(OffsetCommitKey, OffsetCommitValue?)
    case classicGroup(Name, GroupMetadataValue?)
    case consumerGroup(Name, ConsumerGroupMetadataValue?)
    /// Written by Kafka up to 4.0; only ever deleted here.
    case consumerPartitions(Name)
    case consumerMember(Name, member: Name, ConsumerGroupMemberMetadataValue?)
    case consumerTarget(Name, ConsumerGroupTargetAssignmentMetadataValue?)
    case consumerTargetMember(Name, member: Name, ConsumerGroupTargetAssignmentMemberValue?)
    case consumerCurrent(Name, member: Name, ConsumerGroupCurrentMemberAssignmentValue?)
    case consumerPattern(Name, pattern: Name, ConsumerGroupRegularExpressionValue?)

    // MARK: Writing

    public func encode() throws(EncodeError) -> (key: [UInt8], value: [UInt8]?) {
        switch self {
        case .offset(let key, let value):
            // An explicit time of expiry has a place in version 1 only.
            return try pair(key, value, value?.expireTimestamp ?? -1 == -1 ? 4 : 1)
        case .classicGroup(let group, let value):
            var key = GroupMetadataKey()
            key.group = group.text
            return try pair(key, value, 4)
        case .consumerGroup(let group, let value):
            var key = ConsumerGroupMetadataKey()
            key.groupId = group.text
            return try pair(key, value, 0)
        case .consumerPartitions(let group):
            var key = ConsumerGroupPartitionMetadataKey()
            key.groupId = group.text
            return try pair(key, nil as ConsumerGroupPartitionMetadataValue?, 0)
        case .consumerMember(let group, let member, let value):
            var key = ConsumerGroupMemberMetadataKey()
            (key.groupId, key.memberId) = (group.text, member.text)
            return try pair(key, value, 0)
        case .consumerTarget(let group, let value):
            var key = ConsumerGroupTargetAssignmentMetadataKey()
            key.groupId = group.text
            return try pair(key, value, 0)
        case .consumerTargetMember(let group, let member, let value):
            var key = ConsumerGroupTargetAssignmentMemberKey()
            (key.groupId, key.memberId) = (group.text, member.text)
            return try pair(key, value, 0)
        case .consumerCurrent(let group, let member, let value):
            var key = ConsumerGroupCurrentMemberAssignmentKey()
            (key.groupId, key.memberId) = (group.text, member.text)
            return try pair(key, value, 0)
        case .consumerPattern(let group, let pattern, let value):
            var key = ConsumerGroupRegularExpressionKey()
            (key.groupId, key.regularExpression) = (group.text, pattern.text)
            return try pair(key, value, 0)
        }
    }

    private func pair<Key: GroupKeyMessage, Value: KafkaMessage>(
        _ key: Key, _ value: Value?, _ version: Int16
    ) throws(EncodeError) -> (key: [UInt8], value: [UInt8]?) {
        guard let value else { return (try written(key, Key.recordType, as: 0), nil) }
        return (try written(key, Key.recordType, as: 0), try written(value, version, as: version))
    }

    /// A message with a number before it: the type of a key, the version of a value.
    private func written(_ message: some KafkaMessage, _ prefix: Int16, as version: Int16) throws(EncodeError)
        -> [UInt8]
    {
        var writer = ByteWriter()
        writer.write(prefix)
        try message.encode(into: &writer, version: version)
        return writer.bytes
    }

    // MARK: Reading

    public static func decode(key: ByteCursor, value: ByteCursor?) throws(DecodeError) -> GroupRecord? {
        var key = key
        let type = try key.int16()
        switch type {
        // The first two versions of the key, which are alike.
        case 0, OffsetCommitKey.recordType:
            return .offset(try OffsetCommitKey(from: &key, version: 0), try read(value))
        case GroupMetadataKey.recordType:
            return .classicGroup(Name(try GroupMetadataKey(from: &key, version: 0).group), try read(value))
        case ConsumerGroupMetadataKey.recordType:
            return .consumerGroup(Name(try ConsumerGroupMetadataKey(from: &key, version: 0).groupId), try read(value))
        case ConsumerGroupPartitionMetadataKey.recordType:
            return .consumerPartitions(Name(try ConsumerGroupPartitionMetadataKey(from: &key, version: 0).groupId))
        case ConsumerGroupMemberMetadataKey.recordType:
            let key = try ConsumerGroupMemberMetadataKey(from: &key, version: 0)
            return .consumerMember(Name(key.groupId), member: Name(key.memberId), try read(value))
        case ConsumerGroupTargetAssignmentMetadataKey.recordType:
            return .consumerTarget(
                Name(try ConsumerGroupTargetAssignmentMetadataKey(from: &key, version: 0).groupId), try read(value))
        case ConsumerGroupTargetAssignmentMemberKey.recordType:
            let key = try ConsumerGroupTargetAssignmentMemberKey(from: &key, version: 0)
            return .consumerTargetMember(Name(key.groupId), member: Name(key.memberId), try read(value))
        case ConsumerGroupCurrentMemberAssignmentKey.recordType:
            let key = try ConsumerGroupCurrentMemberAssignmentKey(from: &key, version: 0)
            return .consumerCurrent(Name(key.groupId), member: Name(key.memberId), try read(value))
        case ConsumerGroupRegularExpressionKey.recordType:
            let key = try ConsumerGroupRegularExpressionKey(from: &key, version: 0)
            return .consumerPattern(Name(key.groupId), pattern: Name(key.regularExpression), try read(value))
        default: return nil
        }
    }

    private static func read<Value: KafkaMessage>(_ value: ByteCursor?) throws(DecodeError) -> Value? {
        guard var value else { return nil }
        let version = try value.int16()
        return try Value(from: &value, version: version)
    }
}

private protocol GroupKeyMessage: KafkaMessage {
    static var recordType: Int16 { get }
}

extension OffsetCommitKey: GroupKeyMessage {}
extension GroupMetadataKey: GroupKeyMessage {}
extension ConsumerGroupMetadataKey: GroupKeyMessage {}
extension ConsumerGroupPartitionMetadataKey: GroupKeyMessage {}
extension ConsumerGroupMemberMetadataKey: GroupKeyMessage {}
extension ConsumerGroupTargetAssignmentMetadataKey: GroupKeyMessage {}
extension ConsumerGroupTargetAssignmentMemberKey: GroupKeyMessage {}
extension ConsumerGroupCurrentMemberAssignmentKey: GroupKeyMessage {}
extension ConsumerGroupRegularExpressionKey: GroupKeyMessage {}
