import Foundation
import Glibc
import ReferenceKafka
import Testing

/// The command line against Apache Kafka.
@Suite(.serialized) struct KafkaCommandTests {
    private func martlet(_ arguments: String..., input: String = "") throws -> Program.Outcome? {
        guard let kafka = ReferenceKafka.shared() else { return nil }
        return try Program.run(arguments + ["--bootstrap", kafka.bootstrap], input: input)
    }

    @Test func topicsAreMadeListedDescribedAndDeleted() throws {
        guard let made = try martlet("topic", "create", "cli-a", "cli-b", "-p", "2", "-c", "retention.ms=5000") else {
            return
        }
        #expect(made.status == 0)
        #expect(made.output == "created cli-a (2 partitions)\ncreated cli-b (2 partitions)\n")
        let again = try #require(try martlet("topic", "create", "cli-a"))
        #expect(again.status == 1)
        #expect(again.errors.contains("TOPIC_ALREADY_EXISTS") && again.errors.contains("--if-not-exists"))
        #expect(try martlet("topic", "create", "cli-a", "--if-not-exists")?.status == 0)
        let list = try #require(try martlet("topic", "list"))
        #expect(list.output.split(separator: "\n").filter { $0.hasPrefix("cli-") }.count >= 2)
        let description = try #require(try martlet("topic", "describe", "cli-a"))
        #expect(description.output.contains("cli-a  2 partitions  id "))
        #expect(description.output.contains("\n  1          1 "))
        let json = try #require(try martlet("topic", "describe", "cli-a", "--json"))
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect((object?["partitions"] as? [Any])?.count == 2)
        let missing = try #require(try martlet("topic", "describe", "cli-none"))
        #expect(missing.status == 1 && missing.errors.contains("UNKNOWN_TOPIC_OR_PARTITION"))
        #expect(try martlet("topic", "delete", "cli-a", "cli-b")?.output == "deleted cli-a\ndeleted cli-b\n")
        #expect(try martlet("topic", "delete", "cli-a")?.status == 1)
        #expect(try martlet("topic", "delete", "cli-a", "--if-exists")?.status == 0)
    }

    @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
    func linesGoThroughUnchanged(codec: String) throws {
        let topic = "cli-lines-\(codec)"
        guard try martlet("topic", "create", topic)?.status == 0 else { return }
        let lines = (1...20_000).map { "line \($0) ÄÖÜ \($0 % 7)" }.joined(separator: "\n") + "\n"
        let written = try #require(try martlet("produce", topic, "--codec", codec, input: lines))
        #expect(written.status == 0)
        #expect(written.errors == "20,000 records written to \(topic) (partition 0: 0–19999)\n")
        let read = try #require(try martlet("consume", topic, "--from", "beginning", "--until-end"))
        #expect(read.status == 0)
        #expect(read.output == lines)
        let tail = try #require(try martlet("consume", topic, "--from", "-3", "--until-end"))
        #expect(tail.output.split(separator: "\n").count == 3)
        let some = try #require(try martlet("consume", topic, "--from", "100", "--count", "2"))
        #expect(some.output == "line 101 ÄÖÜ 3\nline 102 ÄÖÜ 4\n")
    }

    @Test func keysHeadersTimesAndFormats() throws {
        guard try martlet("topic", "create", "cli-keys", "-p", "3")?.status == 0 else { return }
        let written = try #require(
            try martlet(
                "produce", "cli-keys", "-K", "\\t", "-H", "h=1", "--null", "NULL", "--timestamp",
                "2023-11-14T22:13:20Z", "-p", "1", input: "ann\ta b\nbob\tNULL\n"))
        #expect(written.status == 0)
        let read = try #require(
            try martlet(
                "consume", "cli-keys", "-f", "beginning", "-e", "--null", "-", "--format",
                "{topic}/{partition}/{offset} {time} {timestamp} {key}={value} [{headers}] {{x}}"))
        #expect(
            read.output == """
                cli-keys/1/0 2023-11-14T22:13:20.000Z 1700000000000 ann=a b [h=1] {x}
                cli-keys/1/1 2023-11-14T22:13:20.000Z 1700000000000 bob=- [h=1] {x}

                """)
        #expect(try martlet("consume", "cli-keys", "-p", "0", "-f", "beginning", "-e")?.output == "")
        #expect(try martlet("consume", "cli-keys", "-f", "2023-11-14", "-e", "-K", ":")?.output == "ann:a b\nbob:\n")
        #expect(try martlet("consume", "cli-keys", "-f", "2023-11-15", "-e")?.output == "")
        #expect(try martlet("consume", "cli-keys", "-p", "7")?.errors.contains("has no partition 7") == true)
    }

    @Test func jsonLinesGoRoundInFull() throws {
        guard try martlet("topic", "create", "cli-json", "cli-copy", "-p", "2")?.status == 0 else { return }
        let input = #"""
            {"key":"k","value":"v\n\u00e9","headers":[{"key":"a","value":"1"},{"key":"a","value":null}],"timestamp":5}
            {"value":{"n":1.50,"s":[true]},"partition":1}
            {"keyBase64":"/w==","valueBase64":"gIE="}
            {"key":"k","value":null}

            """#
        let written = try #require(try martlet("produce", "cli-json", "--json", input: input))
        #expect(written.status == 0, "\(written.errors)")
        let read = try #require(try martlet("consume", "cli-json", "-f", "beginning", "-e", "--json"))
        let lines = read.output.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(
            read.output.contains(
                #""key":"k","value":"v\né","headers":[{"key":"a","value":"1"},{"key":"a","value":null}]"#))
        #expect(
            read.output.contains(#""partition":1,"#) && read.output.contains(#""value":"{\"n\":1.50,\"s\":[true]}""#))
        #expect(read.output.contains(#""keyBase64":"/w==","valueBase64":"gIE=""#))
        #expect(try martlet("produce", "cli-copy", "--json", input: read.output)?.status == 0)
        let copy = try #require(try martlet("consume", "cli-copy", "-f", "beginning", "-e", "--json"))
        #expect(
            Set(copy.output.replacingOccurrences(of: "cli-copy", with: "cli-json").split(separator: "\n"))
                == Set(lines))
    }

    @Test func linesThatAreNoRecordsEndWithOne() throws {
        guard try martlet("topic", "create", "cli-bad")?.status == 0 else { return }
        let noKey = try #require(try martlet("produce", "cli-bad", "-K", ":", input: "a:1\nb\nc:3\n"))
        #expect(noKey.status == 1)
        #expect(noKey.errors.contains("line 2: there is no key separator in it"))
        #expect(try martlet("consume", "cli-bad", "-f", "beginning", "-e")?.output == "1\n")
        let noJSON = try #require(try martlet("produce", "cli-bad", "--json", input: "{\"value\":\n"))
        #expect(noJSON.status == 1 && noJSON.errors.contains("line 1: a value is missing at column 10"))
        let unknown = try #require(try martlet("produce", "cli-bad", "--json", input: "{\"vlaue\":1}\n"))
        #expect(unknown.errors.contains("\"vlaue\""))
        let elsewhere = try #require(try martlet("produce", "cli-bad", "-p", "9", input: "x\n"))
        #expect(elsewhere.status == 1 && elsewhere.errors.contains("no partition 9"))
    }

    @Test func consumingATopicThatIsNotThereMakesNone() throws {
        guard let outcome = try martlet("consume", "cli-nowhere") else { return }
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("martlet topic create"))
        #expect(try martlet("topic", "list")?.output.contains("cli-nowhere") == false)
    }

    @Test func anInterruptEndsWith130() throws {
        guard let kafka = ReferenceKafka.shared() else { return }
        #expect(try martlet("topic", "create", "cli-wait")?.status == 0)
        #expect(try martlet("produce", "cli-wait", input: "one\n")?.status == 0)
        let running = try Program.start(
            ["consume", "cli-wait", "--from", "beginning", "--bootstrap", kafka.bootstrap])
        #expect(running.awaitOutput("one"))
        kill(running.process.processIdentifier, SIGINT)
        #expect(running.wait().status == 130)
    }

    @Test func aReaderThatGoesAwayEndsQuietly() throws {
        guard let kafka = ReferenceKafka.shared() else { return }
        #expect(try martlet("topic", "create", "cli-head")?.status == 0)
        let lines = (1...50_000).map { "\($0)" }.joined(separator: "\n")
        #expect(try martlet("produce", "cli-head", input: lines)?.status == 0)
        let running = try Program.start(
            ["consume", "cli-head", "--from", "beginning", "--bootstrap", kafka.bootstrap])
        #expect(running.awaitOutput("1\n"))
        try running.output.close()
        let complaints = running.errors.readDataToEndOfFile()
        running.process.waitUntilExit()
        #expect(running.process.terminationStatus == 0)
        #expect(complaints.isEmpty)
    }
}
