import Bytes
import Testing

struct NameTests {
    private static let composed: Name = "caf\u{e9}"
    private static let decomposed: Name = "cafe\u{301}"

    @Test
    func namesAreTheSameOnlyWhenTheirBytesAre() {
        #expect(NameTests.composed.text == NameTests.decomposed.text, "what a String says")
        #expect(NameTests.composed != NameTests.decomposed)
        #expect(NameTests.composed == Name(String(decoding: [0x63, 0x61, 0x66, 0xc3, 0xa9], as: UTF8.self)))
        #expect(Name("\u{212a}") != Name("K"))
        #expect(Name("") == Name("") && Name("") != Name("a"))
        // As many bytes: the same marks in another order.
        #expect(Name("a\u{301}\u{316}") != Name("a\u{316}\u{301}"))
        let long = String(repeating: "x", count: 100)
        #expect(Name(long) == Name(long + "") && Name(long + "a") != Name(long + "b"))
    }

    @Test
    func namesKeepEntriesOfTheirOwn() {
        var numbers = [NameTests.composed: 1]
        numbers[NameTests.decomposed] = 2
        #expect(numbers[NameTests.composed] == 1 && numbers[NameTests.decomposed] == 2)
        #expect(Set(numbers.keys.map(\.text.utf8.count)) == [5, 6])
    }

    @Test
    func namesAreOrderedByTheirBytes() {
        let ordered: [Name] = ["", "Z", "a", "ab", "b", "cafe\u{301}", "caf\u{e9}", "\u{212a}", "\u{10ffff}"]
        #expect(ordered.shuffled().sorted() == ordered)
        #expect(!(Name("a") < Name("a")))
    }

    @Test
    func partitionsAreNamedByBytes() {
        let partition = TopicPartition(topic: "K", partition: 0)
        #expect(partition != TopicPartition(topic: "\u{212a}", partition: 0))
        #expect(Set([partition, TopicPartition(topic: "\u{212a}", partition: 0), partition]).count == 2)
        #expect(partition < TopicPartition(topic: "\u{212a}", partition: -1))
    }
}
