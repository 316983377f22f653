import KafkaClientCore
import KafkaProtocol
import Testing

@testable import martlet

struct DeliveryFailuresTests {
    private let full = ClientError(.broker(.kafkaStorageError), "the disk is full")

    @Test func equalErrorsAreOneWithACount() {
        var failures = DeliveryFailures()
        for _ in 0..<3 { failures.add(full) }
        failures.add(ClientError(.timedOut, "too late"))
        let first = failures.takeNew()
        #expect(first.map(\.error.message) == ["the disk is full", "too late"] && first.map(\.records) == [3, 1])
        #expect(failures.takeNew().isEmpty && failures.rest.grown.isEmpty)
        failures.add(full)
        #expect(failures.takeNew().isEmpty)
        #expect(failures.rest.grown.map(\.error) == [full] && failures.rest.grown.map(\.records) == [4])
        #expect(failures.count == 5 && failures.rest.untold == 0)
    }

    @Test func onlySomeDifferentErrorsAreTold() {
        var failures = DeliveryFailures()
        for number in 0..<8 { failures.add(ClientError(.timedOut, "not to f-\(number)")) }
        #expect(failures.takeNew().count == DeliveryFailures.shown)
        #expect(failures.rest.grown.isEmpty && failures.rest.untold == 3 && failures.count == 8)
    }
}
