/// A classic group that was made out of a consumer group, by a write whose end is awaited.
public struct ConvertedGroup {
    let group: ClassicGroup
}
