import CommandLine
import KafkaClientCore
import Testing

@testable import martlet

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

struct InputTests {
    @Test(arguments: [
        #"{"a":[1,-2.5e+3,0],"b":{"c":null}}"#, #""\u00e9\ud83d\ude00\n""#, " true ", "[]", "{}", "0", "-0.1",
    ])
    func jsonIsRead(text: String) throws {
        _ = try JSON(bytes(text))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "1.", "1e", "+1", "tru", "nul", "\"", "\"\\x\"", "\"\\u12\"",
        "\"\\ud800\"", "\"\\ud800\\u0041\"", "1 2", "\"\u{1}\"", "{a:1}", "[1 2]", "-", "'a'",
    ])
    func whatIsNotJSONIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSON(bytes(text)) }
    }

    @Test func jsonValuesKeepTheirText() throws {
        guard case .object(let members, _) = try JSON(bytes(#"{"n":1.50,"o":{ "x" : [1, 2] },"s":"\u0041"}"#)) else {
            Issue.record("an object is none")
            return
        }
        #expect(members.map(\.value.storedBytes) == [bytes("1.50"), bytes(#"{ "x" : [1, 2] }"#), bytes("A")])
        let deep = String(repeating: "[", count: 10_000)
        #expect(throws: JSONError.self) { try JSON(bytes(deep)) }
        #expect(try JSON([34, 240, 159, 152, 128, 34]) == .string("😀"))
        #expect(throws: JSONError.self) { try JSON([34, 255, 34]) }
    }

    @Test func truncatedAndRandomJSONNeverTraps() {
        let good = bytes(#"{"key":"a\u00e9\n","value":{"x":[1,2.5e3,true,null]},"headers":[{"key":"a","value":"b"}]}"#)
        for length in 0..<good.count { #expect(throws: JSONError.self) { try JSON(Array(good[..<length])) } }
        for seed in 0..<20_000 {
            var text = good
            text[seed % text.count] = UInt8(truncatingIfNeeded: seed &* 31 &+ seed / 97)
            text[seed * 7 % text.count] = UInt8(truncatingIfNeeded: seed &* 17)
            _ = try? JSON(text)
        }
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode(bytes(plain)) == encoded)
        #expect(Base64.decode(encoded) == bytes(plain))
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg==Z", "Z===", "Zm9v=", "Z\u{e9}==", "Z g="])
    func whatIsNotBase64IsRefused(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", Int64(0)), ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.123456Z", 1_700_000_000_123), ("2023-11-14T23:13:20+01:00", 1_700_000_000_000),
        ("2023-11-14T17:13:20-05:00", 1_700_000_000_000), ("2023-11-14 22:13", 1_699_999_980_000),
        ("2024-02-29", 1_709_164_800_000), ("1969-12-31T23:59:59.5Z", -500),
    ])
    func timesAreRead(text: String, milliseconds: Int64) {
        #expect(Instant.milliseconds(text) == milliseconds)
        #expect(Instant.milliseconds(Instant.text(milliseconds)) == milliseconds)
    }

    @Test(arguments: [
        "", "2023", "2023-13-01", "2023-02-29", "2023-11-14T24:00:00Z", "2023-11-14T22:13:20X", "2023-11-14T22",
        "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+1", "yesterday",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(Instant.milliseconds(text) == nil)
    }

    @Test(arguments: [
        ("beginning", StartArgument.beginning), ("latest", .end), ("0", .offset(0)), ("-10", .last(10)),
        ("15m", .ago(900_000)), ("2d", .ago(172_800_000)), ("1970-01-01T00:00:01Z", .time(1_000)),
    ])
    func startsAreRead(text: String, start: StartArgument) throws {
        #expect(try StartArgument(argument: text) == start)
        #expect(throws: InvalidArgument.self) { try StartArgument(argument: "\(text)?") }
    }

    @Test func linesAreCutWhereverPiecesEnd() {
        let text = bytes("one\n\ntwo\r\nthree")
        for split in 0...text.count {
            var buffer = LineBuffer()
            var lines: [[UInt8]] = []
            for piece in [Array(text[..<split]), Array(text[split...])] {
                buffer.append(piece)
                while let line = buffer.next() { lines.append(line) }
            }
            if let rest = buffer.takeRest() { lines.append(rest) }
            #expect(lines == [bytes("one"), [], bytes("two\r"), bytes("three")])
            #expect(buffer.takeRest() == nil)
        }
    }

    @Test func textLinesBecomeRecords() throws {
        var parser = RecordParser(topic: "t", input: .text(keySeparator: bytes("::")))
        parser.nullText = bytes("-")
        #expect(try parser.record(bytes("k::v::w")).key == bytes("k"))
        #expect(try parser.record(bytes("k::v::w")).value == bytes("v::w"))
        #expect(try parser.record(bytes("k::-")).value == nil)
        #expect(try parser.record(bytes("::v")).key == [])
        #expect(throws: LineError.self) { try parser.record(bytes("k:v")) }
        let plain = RecordParser(topic: "t", input: .text(keySeparator: nil), key: bytes("fixed"))
        #expect(try plain.record([]).value == [])
        #expect(try plain.record([]).key == bytes("fixed"))
    }

    @Test func optionsGoBeforeWhatJSONLinesSay() throws {
        let line = bytes(#"{"value":"v","partition":3,"timestamp":7,"topic":"other","offset":12}"#)
        let parser = RecordParser(topic: "t", input: .json)
        #expect(try parser.record(line).partition == 3)
        #expect(try parser.record(line).topic == "t")
        var fixed = RecordParser(topic: "t", input: .json, partition: 1, timestamp: 9)
        #expect(try fixed.record(line).partition == 1)
        #expect(try fixed.record(line).timestamp == 9)
        fixed.partition = nil
        fixed.ignoresPartitions = true
        #expect(try fixed.record(line).partition == nil)
        for bad in ["[]", "{}", #"{"value":1,"partition":-1}"#, #"{"value":1,"headers":{}}"#, #"{"valueBase64":"?"}"#] {
            #expect(throws: LineError.self) { try parser.record(bytes(bad)) }
        }
    }

    @Test func templatesSayWhatTheyDoNotKnow() {
        #expect(throws: InvalidArgument.self) { try OutputTemplate(argument: "{valeu}") }
        #expect(throws: InvalidArgument.self) { try OutputTemplate(argument: "{key") }
        #expect(throws: InvalidArgument.self) { try OutputTemplate(argument: "key}") }
        #expect(throws: Never.self) { try OutputTemplate(argument: "{{ {key} }}") }
        #expect(unescaped("a\\tb\\\\n\\q\\") == bytes("a\tb\\n\\q\\"))
        #expect(grouped(1_234_567) == "1,234,567" && grouped(999) == "999")
    }
}
