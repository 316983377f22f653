import LogStorage
import Runtime

extension BrokerShard {
    /// Finds out when records were written. A few at a time, so that requests need not wait for all of them.
    ///
    /// - Parameter reply: is given milliseconds since 1970, or -1, of all places whose partitions are here.
    func findRecordTimes(
        at places: [GroupLag.Place], _ reply: @escaping @Sendable ([GroupLag.Place: Int64]) -> Void
    ) {
        RecordTimeSearch(self, places, reply).goOn()
    }
}

private final class RecordTimeSearch {
    private static let placesAtATime = 16

    private let shard: BrokerShard
    private var rest: ArraySlice<GroupLag.Place>
    private var underWay = 0
    private var found: [GroupLag.Place: Int64] = [:]
    private let reply: @Sendable ([GroupLag.Place: Int64]) -> Void

    init(
        _ shard: BrokerShard, _ places: [GroupLag.Place],
        _ reply: @escaping @Sendable ([GroupLag.Place: Int64]) -> Void
    ) {
        self.shard = shard
        rest = places[...]
        self.reply = reply
    }

    func goOn() {
        let places = rest.prefix(RecordTimeSearch.placesAtATime)
        guard !places.isEmpty else { return reply(found) }
        rest = rest.dropFirst(places.count)
        underWay = places.count
        for place in places { look(place) }
    }

    private func look(_ place: GroupLag.Place) {
        guard let local = shard.topics[place.topic]?.route(place.partition)?.partition else { return end() }
        local.consult(local.log.timestamp(ofFirstFrom: place.offset)) { outcome in
            // What cannot be read now is looked for again.
            if case .success(let time) = outcome { self.found[place] = time ?? -1 }
            self.end()
        }
    }

    private func end() {
        underWay -= 1
        guard underWay == 0 else { return }
        guard !rest.isEmpty else { return reply(found) }
        shard.loop.schedule(after: .milliseconds(1)) { self.goOn() }
    }
}
