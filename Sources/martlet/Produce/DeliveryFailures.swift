import KafkaClientCore

/// Errors of records that were not written, equal ones together.
struct DeliveryFailures {
    /// Different errors that are told; others are only counted.
    static let shown = 5

    private(set) var count = 0
    /// In the order in which they came first.
    private var errors: [(error: ClientError, records: Int, told: Int)] = []
    private var indices: [String: Int] = [:]

    mutating func add(_ error: ClientError) {
        count += 1
        if let index = indices[error.message] {
            errors[index].records += 1
        } else {
            indices[error.message] = errors.count
            errors.append((error, 1, 0))
        }
    }

    /// Errors that were not told yet, with the number of records so far.
    mutating func takeNew() -> [(error: ClientError, records: Int)] {
        var new: [(ClientError, Int)] = []
        for index in errors.indices.prefix(DeliveryFailures.shown) where errors[index].told == 0 {
            errors[index].told = errors[index].records
            new.append((errors[index].error, errors[index].records))
        }
        return new
    }

    /// What there is to say in the end: errors that more records had since they were told, with the number of all records,
    /// and how many different errors were not told.
    var rest: (grown: [(error: ClientError, records: Int)], untold: Int) {
        let grown = errors.prefix(DeliveryFailures.shown).filter { $0.records > $0.told }.map { ($0.error, $0.records) }
        return (grown, max(0, errors.count - DeliveryFailures.shown))
    }
}
