import Bytes
import Testing

@Suite struct UUIDTests {
    /// Texts printed by Kafka's own `Uuid`.
    @Test(arguments: [
        (UUID(high: 0, low: 0), "AAAAAAAAAAAAAAAAAAAAAA"),
        (UUID(high: 0, low: 1), "AAAAAAAAAAAAAAAAAAAAAQ"),
        (UUID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210), "ASNFZ4mrze_-3LqYdlQyEA"),
    ])
    func textIsKafkas(id: UUID, text: String) {
        #expect(id.description == text)
        #expect(UUID(text) == id)
    }

    @Test func randomIdsComeBackFromTheirText() {
        for _ in 0..<1_000 {
            let id = UUID.random()
            #expect(UUID(id.description) == id)
            #expect(!id.description.contains("-"))
        }
    }

    @Test(arguments: ["", "A", "AAAAAAAAAAAAAAAAAAAAAR", "AAAAAAAAAAAAAAAAAAAA+A", "AAAAAAAAAAAAAAAAAAAAAAA"])
    func otherTextIsRefused(text: String) {
        #expect(UUID(text) == nil)
    }
}
